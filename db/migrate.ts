import { fileURLToPath } from 'node:url'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { connectDatabase } from './client.ts'

const PROOF_STORE = { migrationsFolder: './proofMigrations', migrationsTable: 'proof_migrations' }
const STATE = { migrationsFolder: './migrations', migrationsTable: 'migrations' }

/**
 * Brings the database to the newest schema, and the proof store's when it is another one. Safe to run at every start and
 * from two processes at once. The database has a schema for proofs in any case: earlier versions left proofs in it.
 */
export async function migrate(databaseUrl: string, proofStoreUrl = databaseUrl): Promise<void> {
  await apply(databaseUrl, [PROOF_STORE, STATE])
  if (proofStoreUrl !== databaseUrl) await apply(proofStoreUrl, [PROOF_STORE])
}

async function apply(url: string, migrations: readonly (typeof STATE)[]): Promise<void> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-migrate' })
  try {
    await db.$client`select pg_advisory_lock(8260001)`
    for (const { migrationsFolder, migrationsTable } of migrations) {
      const folder = fileURLToPath(new URL(migrationsFolder, import.meta.url))
      await applyMigrations(db, { migrationsFolder: folder, migrationsSchema: 'zknode', migrationsTable })
    }
  } finally {
    await db.$client.end()
  }
}
