import { NodeError } from '#common/errors.ts'
import type { Database } from '#db/client.ts'
import { migrate, PROOF_STORE, STATE } from '#db/migrate.ts'
import { readMigrationStatus } from '#db/migrationStatus.ts'

/** The database was written by a newer version of this program. */
export class NewerSchemaError extends NodeError {
  override readonly name = 'NewerSchemaError'
}

export type DatabasePlaces = { url: string; proofUrl: string }
export type Applied = { state: string[]; proofs: string[] }

/** Brings the schemas to the newest form. Returns the migrations that were pending. @throws {NewerSchemaError} */
export async function applyPending(
  db: Database,
  proofDb: Database,
  { url, proofUrl }: DatabasePlaces,
): Promise<Applied> {
  const [state, proofs] = [await readMigrationStatus(db, STATE), await readMigrationStatus(proofDb, PROOF_STORE)]
  const unknownMigrations = state.unknown + proofs.unknown
  if (unknownMigrations > 0)
    throw new NewerSchemaError('The schema is newer than this version of zkNode.', { facts: { unknownMigrations } })
  await migrate(url, proofUrl)
  return { state: state.pending, proofs: proofs.pending }
}
