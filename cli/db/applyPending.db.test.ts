import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectDatabase, type Database } from '#db/client.ts'
import { PROOF_STORE, STATE } from '#db/migrate.ts'
import { readMigrationStatus } from '#db/migrationStatus.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { applyPending, NewerSchemaError } from './applyPending.ts'

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

test('what is pending is applied once; the schema of a newer version is left alone', async () => {
  const places = { url: database.url, proofUrl: database.url }
  const pending = {
    state: (await readMigrationStatus(db, STATE)).pending,
    proofs: (await readMigrationStatus(db, PROOF_STORE)).pending,
  }
  expect(pending.state[0]).toBe('0000_initial')
  expect(await applyPending(db, db, places)).toEqual(pending)
  expect(await applyPending(db, db, places)).toEqual({ state: [], proofs: [] })
  await db.execute(sql`insert into zknode.proof_migrations (hash, created_at) values ('later', 9999999999999)`)
  await expect(applyPending(db, db, places)).rejects.toThrow(NewerSchemaError)
})
