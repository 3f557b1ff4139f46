import { isDeepStrictEqual } from 'node:util'
import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import {
  analyze,
  beginRestoring,
  countParkedRows,
  endRestoring,
  findFirstUsedTable,
  findLoadedFiles,
  findParkedTables,
  findRestoring,
  findStatements,
  loadFile,
  runStatement,
  takeRestoreLock,
} from '#db/restoring.ts'
import { findMigrations, hasTreeRoot, readSnapshotFacts } from '#db/snapshotFacts.ts'
import { findSnapshotTables, type StoredTable } from '#db/snapshotTables.ts'
import type { Etherman } from '#etherman/types.ts'
import { checkAgainstL1, type L1Check } from './checkL1.ts'
import type { Progress } from './createSnapshot.ts'
import { withDiskErrors } from './diskErrors.ts'
import { RestoreTargetError, SnapshotContentError, SnapshotSchemaError } from './errors.ts'
import { inParallel } from './inParallel.ts'
import { type Manifest, readManifest, snapshotId } from './manifest.ts'
import { assertNetwork, type ConfiguredNetwork } from './networkIdentity.ts'
import { checkSizes, unpackFile } from './readFiles.ts'

export type RestoreOptions = {
  databaseUrl: string
  proofStoreUrl?: string
  network: ConfiguredNetwork
  etherman: Etherman
  folder: string
  /** Connections that write at once. */
  jobs: number
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export type Restored = { manifest: Manifest; l1: L1Check; resumed: boolean }
type Context = Required<Pick<RestoreOptions, 'folder' | 'jobs' | 'onProgress' | 'signal'>> & {
  db: Database
  manifest: Manifest
}

/**
 * Loads a snapshot into an empty database. No node sees anything of it before all is in, is what the manifest says, and is
 * what L1 says. Ended in between, also by a kill, it goes on when it is called again.
 */
export const restoreSnapshot = (options: RestoreOptions): Promise<Restored> =>
  withDiskErrors(options.folder, () => restoreFiles(options))

async function restoreFiles(options: RestoreOptions): Promise<Restored> {
  const { databaseUrl, folder, network, etherman } = options
  const { onProgress = () => {}, signal = new AbortController().signal } = options
  const manifest = readManifest(folder)
  assertNetwork(manifest.facts.network, network)
  checkSizes(folder, manifest)
  await checkAgainstL1(etherman, manifest.facts) // before hours of loading
  const release = await takeRestoreLock(databaseUrl)
  if (release === undefined) throw new RestoreTargetError('Somebody else restores into this database.')
  const db = connectDatabase(databaseUrl, { maxConnections: options.jobs, name: 'zknode-snapshot' })
  const context: Context = { db, manifest, folder, jobs: options.jobs, onProgress, signal }
  try {
    const resumed = await prepareDatabase(db, manifest, options)
    await loadFiles(context)
    await build(context)
    await assertCounts(context)
    const l1 = await checkAgainstL1(etherman, manifest.facts)
    await finish(db, manifest)
    await analyze(databaseUrl)
    return { manifest, l1, resumed }
  } finally {
    await db.$client.end({ timeout: 5 })
    await release()
  }
}

/** True when it goes on with what an earlier attempt began. @throws {RestoreTargetError} @throws {SnapshotSchemaError} */
async function prepareDatabase(
  db: Database,
  manifest: Manifest,
  { databaseUrl, proofStoreUrl = databaseUrl }: RestoreOptions,
): Promise<boolean> {
  const id = snapshotId(manifest)
  const begun = await findRestoring(db)
  if (begun !== undefined && begun !== id)
    throw new RestoreTargetError('The database holds a part of another snapshot: drop it and create an empty one.')
  const used = begun === undefined ? await findFirstUsedTable(db) : undefined
  if (used !== undefined)
    throw new RestoreTargetError('The database is not empty: a snapshot is restored into an empty one only.', {
      facts: { table: used },
    })
  if (begun === undefined) await migrate(databaseUrl, proofStoreUrl)
  assertMigrations(manifest.migrations, await findMigrations(db))
  assertTables(manifest, begun === undefined ? await findSnapshotTables(db) : await findParkedTables(db))
  if (begun === undefined) await beginRestoring(db, id)
  return begun !== undefined
}

function assertMigrations(inSnapshot: readonly string[], here: readonly string[]): void {
  if (isDeepStrictEqual(inSnapshot, here)) return
  const isOlder = isDeepStrictEqual(inSnapshot, here.slice(0, inSnapshot.length))
  throw new SnapshotSchemaError(
    isOlder
      ? 'The snapshot is of an earlier version: restore it with that version, then start this one on the database.'
      : 'The snapshot is of a version that this one does not know: restore it with that version.',
    { facts: { migrationsOfSnapshot: inSnapshot.length, migrationsHere: here.length } },
  )
}

/** Names go into statements: they have to be those of the database. @throws {SnapshotSchemaError} */
function assertTables(manifest: Manifest, here: readonly StoredTable[]): void {
  const shape = (tables: readonly { name: string; columns: readonly string[] }[]) =>
    tables.map(({ name, columns }) => ({ name, columns }))
  const sequences = here.flatMap((table) => table.sequences)
  const isSame =
    isDeepStrictEqual(shape(manifest.tables), shape(here)) &&
    isDeepStrictEqual(Object.keys(manifest.sequences).toSorted(), sequences.toSorted())
  if (!isSame) throw new SnapshotSchemaError('The snapshot has other tables than this version.')
}

async function loadFiles({ db, manifest, folder, jobs, onProgress, signal }: Context): Promise<void> {
  const loaded = await findLoadedFiles(db)
  const all = manifest.tables.flatMap(({ name, columns, files }) =>
    files.map((file) => ({ table: name, columns, file })),
  )
  const totalBytes = all.reduce((sum, { file }) => sum + file.bytes, 0)
  const missing = all.filter(({ file }) => !loaded.has(file.name))
  let doneBytes = totalBytes - missing.reduce((sum, { file }) => sum + file.bytes, 0)
  const onBytes = (bytes: number) => {
    doneBytes += bytes
    onProgress({ stage: 'loading', done: doneBytes, total: totalBytes, unit: 'bytes' })
  }
  const load = (_: undefined, { table, columns, file }: (typeof missing)[number], stop: AbortSignal) =>
    loadFile(db, { table, columns, file: file.name }, (into) =>
      unpackFile(folder, file, into, { signal: stop, onBytes }),
    )
  await inParallel(missing, jobs, async () => undefined, load, signal)
}

/** Indexes and keys, then what refers to them. */
async function build({ db, jobs, onProgress, signal }: Context): Promise<void> {
  const statements = await findStatements(db)
  let done = 0
  const run = async (_: undefined, statement: (typeof statements)[number]) => {
    await runStatement(db, statement)
    onProgress({ stage: 'building indexes', done: ++done, total: statements.length, unit: 'statements' })
  }
  for (const step of [1, 2]) {
    const ofStep = statements.filter((statement) => statement.step === step)
    await inParallel(ofStep, step === 1 ? jobs : 1, async () => undefined, run, signal)
  }
}

/** @throws {SnapshotContentError} */
async function assertCounts({ db, manifest }: Context): Promise<void> {
  for (const { name, rows } of manifest.tables) {
    const found = await countParkedRows(db, name)
    if (found !== rows)
      throw new SnapshotContentError('A table has not the rows that the manifest says.', {
        facts: { table: name, manifest: rows, found },
      })
  }
}

/** From here on there is a State DB, or nothing has changed. */
async function finish(db: Database, { facts, sequences }: Manifest): Promise<void> {
  await db.transaction(async (tx) => {
    await endRestoring(tx, sequences)
    const found = await readSnapshotFacts(tx)
    const differing = (Object.keys(facts) as (keyof typeof facts)[]).find(
      (fact) => !isDeepStrictEqual(facts[fact], found?.[fact]),
    )
    if (differing !== undefined)
      throw new SnapshotContentError('The content is not that of the manifest.', { facts: { fact: differing } })
    const { stateRoot, blockNumber } = facts.lastBlock
    if (!(await hasTreeRoot(tx, stateRoot)))
      throw new SnapshotContentError('The tree lacks the state root of the last block.', {
        facts: { blockNumber, stateRoot },
      })
  })
}
