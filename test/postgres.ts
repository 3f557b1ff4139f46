import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import type {} from './setup/postgres.ts'

/** A database that belongs to one test file. */
export type TestDatabase = { url: string; drop: () => Promise<void> }

/**
 * An empty database on the run's own Postgres (about 50 ms); call it in `*.db.test.ts`, `*.workflow.test.ts` and
 * `*.e2e.test.ts`. `drop` closes connections that are still open. ZKNODE_TEST_DATABASE_URL names another server.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(adminUrl, (sql) => sql`create database ${sql(name)} template template0`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => administer(adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`),
  }
}

async function administer(url: string, query: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await query(sql)
  } finally {
    await sql.end()
  }
}
