import { fileURLToPath } from 'node:url'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { connectDatabase } from './client.ts'

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))

/** Brings the database to the newest schema. Safe to run at every start and from two processes at once. */
export async function migrate(databaseUrl: string): Promise<void> {
  const db = connectDatabase(databaseUrl, { maxConnections: 1, name: 'zknode-migrate' })
  try {
    await db.$client`select pg_advisory_lock(8260001)`
    await applyMigrations(db, { migrationsFolder, migrationsSchema: 'zknode', migrationsTable: 'migrations' })
  } finally {
    await db.$client.end()
  }
}
