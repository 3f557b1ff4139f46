import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBatch } from '#db/batches.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { storeSenderBalance } from '#db/l1Transactions.ts'
import { METRICS_POOL } from '#db/rpc/nodeFigures.ts'
import * as schema from '#db/schema.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { addNodeMetrics } from './nodeMetrics.ts'

let db: Database
let url: string
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, url, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  const { cursors, l1Senders, l1Transactions, virtualBatches, l1Blocks, proofs, batches } = schema
  for (const table of [cursors, l1Senders, l1Transactions, virtualBatches, l1Blocks, proofs, batches])
    await db.delete(table)
})

/** Values by name and labels, of a scrape of a node of this role. */
async function scrape(role: 'sequencer' | 'permissionless' = 'sequencer'): Promise<Map<string, number>> {
  const registry = new Registry()
  addNodeMetrics(registry, { db, proofDb: undefined, role })
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const ago = (seconds: number) => new Date(Date.now() - 1000 * seconds)
const closed = (batchNumber: number, fields: Partial<typeof schema.batches.$inferInsert>) =>
  db.insert(schema.batches).values({
    ...{ batchNumber: BatchNumber(batchNumber), kind: 'trusted', forkId: 9, coinbase: addressOf(1) },
    ...{ closingReason: 'Max transactions', batchL2Data: new Uint8Array(), stateRoot: ZERO_HASH },
    ...fields,
  })

async function sequenced(batchNumber: number, secondsAgo: number): Promise<void> {
  const l1BlockNumber = 100 + batchNumber
  const timestamp = Math.floor(Date.now() / 1000) - secondsAgo
  const block = { blockNumber: l1BlockNumber, hash: hashOf(1), parentHash: hashOf(2), timestamp, hasEvents: true }
  await db.insert(schema.l1Blocks).values(block)
  await db.insert(schema.virtualBatches).values({
    ...{ batchNumber: BatchNumber(batchNumber), l1BlockNumber, l1TxHash: hashOf(3), sequencer: addressOf(1) },
    ...{ coinbase: addressOf(1), l1InfoRoot: ZERO_HASH, timestampLimit: 0, forcedBlockHashL1: ZERO_HASH },
    accInputHash: ZERO_HASH,
  })
}

test('batches age in the stage they are in', async () => {
  await closed(1, { closedAt: ago(500), checkedAt: ago(490) })
  await sequenced(1, 400)
  await closed(2, { closedAt: ago(450), checkedAt: ago(440) })
  await sequenced(2, 300)
  const proof = { kind: 'batch', fromBatch: BatchNumber(1), toBatch: BatchNumber(1), prover: 'p' } as const
  await db.insert(schema.proofs).values({ ...proof, proofId: 'batch-1-r1', createdAt: ago(200) })
  await closed(3, { closedAt: ago(100), checkedAt: ago(90) })
  await closed(4, { closedAt: ago(50) })
  await openBatch(db, { batchNumber: BatchNumber(5), kind: 'trusted', forkId: 9, coinbase: addressOf(1) })
  const age = (samples: Map<string, number>, stage: string) =>
    Math.round(samples.get(`batch_stage_age_seconds{stage="${stage}"}`)! / 10) * 10
  const samples = await scrape()
  expect(['proven', 'proving', 'sequencing', 'sealed', 'collecting'].map((stage) => age(samples, stage))).toEqual([
    ...[200, 300, 90, 50],
    0, // it is empty
  ])
  expect(samples.get('batch_number{state="trusted"}')).toBe(5)
  expect(samples.get('batch_number{state="closed"}')).toBe(4)
  expect(samples.get('batch_number{state="virtual"}')).toBe(2)
  expect(samples.get('batch_number{state="verified"}')).toBe(0)
  expect(samples.get('synchronizer_latest_synced_batch_number')).toBe(5)
  const follower = await scrape('permissionless')
  expect(['sequencing', 'sealed'].map((stage) => age(follower, stage))).toEqual([90, 0])
  expect(follower.has('pool_transactions{state="pending"}')).toBe(false)
})

test('what L1 sends and takes is told', async () => {
  expect((await scrape()).has('l1_head')).toBe(false) // not read yet
  await db.insert(schema.cursors).values([
    { name: 'synchronizer-start', position: 100, target: 1000, updatedAt: ago(60) },
    { name: 'synchronizer', position: 400, target: 1000, updatedAt: ago(30) },
  ])
  const sender = addressOf(0x5e)
  await storeSenderBalance(db, { address: sender, balanceWei: 5n, alarmWei: 9n })
  const transaction = { id: 'verify-1-2', purpose: 'verify', sender, recipient: addressOf(1), nonce: 1 } as const
  await db
    .insert(schema.l1Transactions)
    .values({ ...transaction, data: new Uint8Array(), gasLimit: 1, status: 'sent', createdAt: ago(70) })
  const samples = await scrape()
  expect(samples.get('l1_head')).toBe(1000)
  expect(samples.get('l1_processed')).toBe(400)
  expect(samples.get('l1_sync_behind_blocks')).toBe(600)
  expect(samples.get('l1_sync_eta_seconds')).toBe(60)
  expect(samples.get(`l1_sender_balance_wei{role="aggregator",address="${sender}"}`)).toBe(5)
  expect(samples.get(`l1_sender_alarm_wei{role="aggregator",address="${sender}"}`)).toBe(9)
  expect(Math.round(samples.get('l1_tx_pending_seconds')! / 10)).toBe(7)
  expect(samples.get('forced_batch_age_seconds')).toBe(0)
})

test('connections at work are counted by pool, those of the scrape left out', async () => {
  const scraping = connectDatabase(url, { maxConnections: 4, name: METRICS_POOL })
  const registry = new Registry()
  addNodeMetrics(registry, { db: scraping, proofDb: undefined, role: 'sequencer' })
  await db.transaction(async (tx) => {
    await tx.execute('select 1')
    const text = await registry.metrics()
    expect(text.split('\n').filter((line) => line.startsWith('db_pool_in_use'))).toEqual([
      'db_pool_in_use{pool="zknode-test"} 1',
    ])
  })
  await scraping.$client.end()
})

test('tables have a size, and a database that is away is no reason to tell zeros', async () => {
  expect((await scrape()).get('db_size_bytes{table="state.batches"}')).toBeGreaterThan(8000)
  const registry = new Registry()
  const away = connectDatabase('postgres://127.0.0.1:1/away')
  addNodeMetrics(registry, { db: away, proofDb: undefined, role: 'permissionless' })
  const text = await registry.metrics()
  await away.$client.end()
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
})
