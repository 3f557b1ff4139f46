import { readdirSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { connectDatabase, type Database } from './client.ts'
import { migrate, migrationsFolder, PROOF_STORE, STATE } from './migrate.ts'
import { readMigrationStatus } from './migrationStatus.ts'

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  db = connectDatabase(database.url, { maxConnections: 1, name: 'zknode-test' })
})
afterAll(async () => {
  await db.$client.end({ timeout: 1 })
  await database.drop()
})

const namesOf = (group: typeof STATE) =>
  readdirSync(migrationsFolder(group))
    .flatMap((file) => (file.endsWith('.sql') ? [file.replace('.sql', '')] : []))
    .sort()

test('what is applied, what is pending, and what only another version knows', async () => {
  const [state, proofs] = [namesOf(STATE), namesOf(PROOF_STORE)]
  expect(await readMigrationStatus(db, STATE)).toEqual({ applied: [], pending: state, unknown: 0 })
  await migrate(database.url)
  expect(await readMigrationStatus(db, STATE)).toEqual({ applied: state, pending: [], unknown: 0 })
  expect(await readMigrationStatus(db, PROOF_STORE)).toEqual({ applied: proofs, pending: [], unknown: 0 })

  await db.execute(sql`delete from zknode.migrations where id = (select max(id) from zknode.migrations)`)
  expect(await readMigrationStatus(db, STATE)).toEqual({
    ...{ applied: state.slice(0, -1), pending: state.slice(-1), unknown: 0 },
  })
  await db.execute(sql`insert into zknode.migrations (hash, created_at) values ('later', 9999999999999)`)
  expect(await readMigrationStatus(db, STATE)).toEqual({ applied: state, pending: [], unknown: 1 })
})
