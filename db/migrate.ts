import { fileURLToPath } from 'node:url'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { NodeError } from '#common/errors.ts'
import { connectDatabase, type Database } from './client.ts'

/** Schemas that are brought forward together; where the table of what is applied stands. */
export const PROOF_STORE = { folder: './proofMigrations', migrationsTable: 'proof_migrations' }
export const STATE = { folder: './migrations', migrationsTable: 'migrations' }
export type MigrationGroup = typeof STATE
export const MIGRATIONS_SCHEMA = 'zknode'

export const migrationsFolder = ({ folder }: MigrationGroup) => fileURLToPath(new URL(folder, import.meta.url))

/** Schema that is there while a snapshot is being loaded; the others are put aside under names that begin with it. */
export const RESTORING = 'restoring'

/** The database holds a part of a snapshot: nothing may run on it. */
export class RestoreUnfinishedError extends NodeError {
  override readonly name = 'RestoreUnfinishedError'
}

/**
 * Brings the database to the newest schema, and the proof store's when it is another one. Safe to run at every start and
 * from two processes at once. The database has a schema for proofs in any case: earlier versions left proofs in it.
 */
export async function migrate(databaseUrl: string, proofStoreUrl = databaseUrl): Promise<void> {
  await apply(databaseUrl, [PROOF_STORE, STATE])
  if (proofStoreUrl !== databaseUrl) await apply(proofStoreUrl, [PROOF_STORE])
}

async function apply(url: string, groups: readonly MigrationGroup[]): Promise<void> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-migrate' })
  try {
    await db.$client`select pg_advisory_lock(8260001)`
    await assertNotRestoring(db)
    for (const group of groups) {
      const { migrationsTable } = group
      const place = { migrationsFolder: migrationsFolder(group), migrationsSchema: MIGRATIONS_SCHEMA, migrationsTable }
      await applyMigrations(db, place)
    }
  } finally {
    await db.$client.end()
  }
}

async function assertNotRestoring(db: Database): Promise<void> {
  if ((await db.$client`select from pg_namespace where nspname = ${RESTORING}`).length === 0) return
  throw new RestoreUnfinishedError(
    'The database holds a part of a snapshot: finish with `zknode snapshot restore`, or drop the database.',
    { docs: 'docs/snapshots.md' },
  )
}
