import { randomUUID } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { sql } from 'drizzle-orm'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectDatabase, type Database } from '#db/client.ts'
import { MIGRATIONS_SCHEMA, migrate, migrationsFolder, PROOF_STORE, STATE } from '#db/migrate.ts'
import { ensureNamespace, readTemporalSettings } from '#devnet/temporalServer.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { type CheckedNode, createCheckedNode, withStatus } from './checkedNode.fixture.ts'

let node: CheckedNode
let folder: CheckedNode['folder']
let database: CheckedNode['database']
let temporal: CheckedNode['temporal']
let check: CheckedNode['check']
let faultsOf: CheckedNode['faultsOf']

beforeAll(async () => {
  node = await createCheckedNode()
  ;({ folder, database, temporal, check, faultsOf } = node)
})
afterAll(() => node?.close())

test('wrong password of the database, also where a variable gives it', async () => {
  const url = new URL(database.url)
  url.password = 'wrong'
  const expected = {
    option: 'database.url',
    found: `${url.host}: the server refuses the password of ${url.username}`,
    remedy: 'Correct the password in the URL; psql with the same URL says the same.',
  }
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([expected])
  const faults = await faultsOf(() => {}, { DATABASE_URL: url.href })
  expect(faults).toEqual([{ ...expected, variable: 'DATABASE_URL' }])
})

test('no such database, and no server', async () => {
  const url = new URL(database.url)
  url.pathname = '/nowhere'
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([
    {
      option: 'database.url',
      found: `${url.host}: there is no database nowhere`,
      remedy: `Create it: create database nowhere owner ${url.username};`,
    },
  ])
  url.port = '1'
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([
    {
      option: 'database.url',
      found: '127.0.0.1:1 does not answer as it should: connect ECONNREFUSED 127.0.0.1:1',
      remedy: 'Start this Postgres server, or correct host and port in the URL.',
    },
  ])
})

test('missing search attributes, and a missing namespace', async () => {
  const { ZkAttention: _, ZkForkId: __, ...fewer } = readTemporalSettings().searchAttributes
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address: temporal.address })
  await ensureNamespace(connection, namespace, fewer)
  await connection.close()
  expect(await faultsOf((file) => Object.assign(file, { temporal: { ...temporal, namespace } }))).toEqual([
    {
      option: 'temporal.namespace',
      found: `${namespace} lacks the search attributes ZkAttention, ZkForkId`,
      remedy:
        `temporal operator search-attribute create --namespace ${namespace} ` +
        '--name ZkAttention --type Keyword --name ZkForkId --type Int',
    },
  ])
  expect(await faultsOf((file) => Object.assign(file, { temporal: { ...temporal, namespace: 'nobody' } }))).toEqual([
    {
      option: 'temporal.namespace',
      found: 'there is no namespace nobody',
      remedy:
        '`zknode run` makes it where it may; else: temporal operator namespace create ' +
        `--address ${temporal.address} --namespace nobody --retention 7d`,
    },
  ])
})

test('Temporal that cannot be reached', async () => {
  const [fault] = await faultsOf((file) => Object.assign(file, { temporal: { address: '127.0.0.1:1' } }))
  expect(fault).toMatchObject({
    option: 'temporal.address',
    found: expect.stringMatching(/^127\.0\.0\.1:1 does not answer as it should: ./),
  })
})

async function inOtherDatabase<T>(work: (url: string, db: Database) => Promise<T>): Promise<T> {
  const other = await createTestDatabase()
  const db = connectDatabase(other.url, { maxConnections: 1, name: 'zknode-test' })
  try {
    return await work(other.url, db)
  } finally {
    await db.$client.end({ timeout: 1 })
    await other.drop()
  }
}

/** As an earlier version left the database. Returns the name of the migration that is not applied. */
async function migrateButLast(db: Database): Promise<string> {
  const older = join(folder, 'migrations')
  cpSync(migrationsFolder(STATE), older, { recursive: true })
  const path = join(older, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] }
  const last = journal.entries.pop()!.tag
  writeFileSync(path, JSON.stringify(journal))
  const places = [
    { ...PROOF_STORE, migrationsFolder: migrationsFolder(PROOF_STORE) },
    { ...STATE, migrationsFolder: older },
  ]
  for (const place of places) await applyMigrations(db, { ...place, migrationsSchema: MIGRATIONS_SCHEMA })
  return last
}

test('a schema that is old, newer than this program, or not there yet', async () => {
  await inOtherDatabase(async (url, db) => {
    const findings = await check((file) => Object.assign(file.database, { url }))
    expect(withStatus(findings, 'fault')).toEqual([])
    expect(withStatus(findings, 'warning')).toEqual([
      {
        option: 'database.url',
        found: 'has no schema yet',
        remedy: 'Nothing to do: `zknode run` makes it, `zknode db migrate` too.',
      },
    ])

    const last = await migrateButLast(db)
    expect(await faultsOf((file) => Object.assign(file.database, { url }))).toEqual([
      {
        option: 'database.url',
        found: `its schema is old: without ${last}`,
        remedy: 'Stop the node, back the database up, and run `zknode db migrate`.',
      },
    ])
  })
  await inOtherDatabase(async (url, db) => {
    await migrate(url)
    await db.execute(sql`insert into zknode.migrations (hash, created_at) values ('later', 9999999999999)`)
    expect(await faultsOf((file) => Object.assign(file.database, { url }))).toEqual([
      {
        option: 'database.url',
        found: 'its schema is newer than this version of zkNode: 1 unknown migration',
        remedy: 'Use the version of zkNode that brought it there, or a newer one.',
      },
    ])
  })
})
