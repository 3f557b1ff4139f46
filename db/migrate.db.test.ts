import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertSigned } from '#prover/attestation.ts'
import { signClaims } from '#prover/attestations.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import { getProofText } from '#prover/proofTexts.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { connectDatabase, type Database } from './client.ts'
import { migrate } from './migrate.ts'
import { createDatabaseObjectStore } from './objects.ts'
import { findProof } from './proofs.ts'
import { lockHorizon } from './pruning.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-migrations-'))
let database: TestDatabase
let db: Database
beforeEach(async () => {
  database = await createTestDatabase()
  db = connectDatabase(database.url, { maxConnections: 2, name: 'zknode-test' })
})
afterEach(async () => {
  await db.$client.end({ timeout: 1 })
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** As a version of this node left it that knew only the migrations up to this one. */
async function migrateUpTo(last: number): Promise<void> {
  cpSync(fileURLToPath(new URL('./migrations', import.meta.url)), folder, { recursive: true })
  const path = join(folder, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { idx: number }[] }
  const entries = journal.entries.filter(({ idx }) => idx <= last)
  writeFileSync(path, JSON.stringify({ ...journal, entries }))
  const place = { migrationsFolder: folder, migrationsSchema: 'zknode', migrationsTable: 'migrations' }
  await applyMigrations(db, place)
}

const schemas = async (url: string) => {
  const other = connectDatabase(url, { maxConnections: 1, name: 'zknode-test' })
  const rows = await other.execute<{ name: string }>(
    sql`select distinct table_schema as name from information_schema.tables
      where table_schema in ('pool', 'state', 'tree', 'proofs') order by 1`,
  )
  await other.$client.end()
  return rows.map(({ name }) => name)
}

test('proofs of earlier versions go on: their texts are in the proof store, their attester in a list', async () => {
  await migrateUpTo(8)
  const [claims, attester] = [claimsOf(7, 7), ATTESTERS[0]!]
  const { signature } = signClaims(DOMAIN, claims, attester).attestations[0]!
  const earlier = { kind: 'attestation', ...claims, attester: attester.address, signature }
  const texts = { 'batch-7-r1': ['batch', JSON.stringify(earlier)], 'final-7-7': ['final', '{"words":[]}'] } as const
  for (const [proofId, [kind, text]] of Object.entries(texts))
    await db.execute(sql`insert into state.proofs (proof_id, kind, from_batch, to_batch, prover, proof, accepted)
      values (${proofId}, ${kind}, 7, 7, 'prover', ${text}, true)`)
  await migrate(database.url)
  await migrate(database.url)
  expect(await findProof(db, 'batch-7-r1')).toMatchObject({ prover: 'prover', proverKind: 'embedded' })
  const objects = createDatabaseObjectStore(db)
  const proof = decodeAttestationProof(await getProofText(objects, 'batch-7-r1'))
  expect(proof).toEqual(signClaims(DOMAIN, claims, attester))
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
  expect(await getProofText(objects, 'final-7-7')).toBe('{"words":[]}')
})

test('a proof store in a database of its own has no other schema', async () => {
  const other = await createTestDatabase()
  await migrate(database.url, other.url)
  expect(await schemas(database.url)).toEqual(['pool', 'proofs', 'state', 'tree'])
  expect(await schemas(other.url)).toEqual(['proofs'])
  await other.drop()
})

test('tree nodes of earlier versions count as made by the newest block: nothing is pruned before it', async () => {
  await migrateUpTo(9)
  await db.execute(sql`insert into tree.nodes (hash, data) values ('\\x01', '\\x02')`)
  await db.execute(
    sql`insert into state.batches (batch_number, kind, fork_id, coinbase) values (0, 'genesis', 9, '\\x00')`,
  )
  const hash = sql`decode(repeat('11', 32), 'hex')`
  for (const number of [0, 5])
    await db.execute(sql`insert into state.l2_blocks (block_number, batch_number, hash, parent_hash, state_root,
        block_info_root, coinbase, timestamp, delta_timestamp, l1_info_index, global_exit_root, l1_block_hash, gas_limit,
        gas_used, transactions_root, receipts_root, tx_count, size_bytes, batch_l2_data)
      values (${number}, 0, sha256(${String(number)}::bytea), ${hash}, ${hash}, ${hash}, '\\x00', 0, 0, 0, ${hash},
        ${hash}, 0, 0, ${hash}, ${hash}, 0, 0, '\\x')`)
  await migrate(database.url)
  expect([...(await db.execute(sql`select block_number from tree.nodes`))]).toEqual([{ block_number: '5' }])
  expect(await lockHorizon(db)).toMatchObject({ oldestBlock: 0, removedBatches: 0, nodesKnownFrom: 5 })
})
