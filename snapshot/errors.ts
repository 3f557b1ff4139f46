import { NodeError, UsageError } from '#common/errors.ts'

const DOCS = { docs: 'docs/snapshots.md' }

/** The folder is not one to write a snapshot to. */
export class SnapshotFolderError extends UsageError {
  override readonly name = 'SnapshotFolderError'
}

/** The file system does not let the snapshot be written or read. */
export class SnapshotDiskError extends NodeError {
  override readonly name = 'SnapshotDiskError'
}

/** There is no snapshot in the folder, or one that was not finished. */
export class SnapshotIncompleteError extends NodeError {
  override readonly name = 'SnapshotIncompleteError'
}

/** The manifest is not what was written with the snapshot. */
export class ManifestError extends NodeError {
  override readonly name = 'ManifestError'
}

/** A file is missing, too short or long, or has other bytes than the manifest says. */
export class SnapshotFileError extends NodeError {
  override readonly name = 'SnapshotFileError'
}

/** The snapshot is of another network than the configuration. */
export class SnapshotNetworkError extends NodeError {
  override readonly name = 'SnapshotNetworkError'
}

/** The snapshot's schema is not the one of this program. */
export class SnapshotSchemaError extends NodeError {
  override readonly name = 'SnapshotSchemaError'
}

/** The database is not one to restore into. */
export class RestoreTargetError extends NodeError {
  override readonly name = 'RestoreTargetError'
}

/** What was loaded is not what the manifest says. */
export class SnapshotContentError extends NodeError {
  override readonly name = 'SnapshotContentError'
}

/** L1 says otherwise than the snapshot. */
export class SnapshotL1Error extends NodeError {
  override readonly name = 'SnapshotL1Error'
  constructor(message: string, facts: Readonly<Record<string, string | number | null>>) {
    super(message, { facts, ...DOCS })
  }
}

/** The database holds no chain that could be put into a snapshot. */
export class NothingToSaveError extends NodeError {
  override readonly name = 'NothingToSaveError'
}
