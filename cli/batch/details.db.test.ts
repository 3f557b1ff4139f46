import { afterAll, beforeAll, expect, test } from 'vitest'
import { assignAttempt, endAttempt, startAttempt } from '#db/attempts.ts'
import { BatchNotFoundError } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { createL1TransactionStore } from '#db/l1Transactions.ts'
import { l1Blocks, virtualBatches } from '#db/schema.ts'
import { getForkRules } from '#protocol/forks.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { COINBASE, createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import { formatStatus, readDatabaseStatus } from '../db/status.ts'
import { describeBatch } from './describe.ts'
import { readBatchDetails, readProofAttempts } from './details.ts'

const SECOND = BatchNumber(2)
let db: Database
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  await seedChain(db)
  const sequencer = createSequencer(db)
  await pour(db, [await signTransfer(wallets[0]!, 0)])
  await sequencer.collect(SECOND, new AbortController().signal)
  await sequencer.close()
  const range = { fromBatch: SECOND, toBatch: SECOND }
  const store = createL1TransactionStore(db)
  const job = 'sequence-2-2'
  const places = { sender: addressOf(1), recipient: addressOf(2), data: new Uint8Array(), gasLimit: 21_000 }
  await store.reserve({ job, purpose: 'sequence', ...range, ...places }, { after: undefined, chainNonce: 7 })
  await db.insert(l1Blocks).values({
    ...{ blockNumber: 5, hash: hashOf(5), parentHash: hashOf(4), timestamp: 4_000_000_000 },
    hasEvents: true,
  })
  await db.insert(virtualBatches).values({
    ...{ batchNumber: SECOND, l1BlockNumber: 5, l1TxHash: hashOf(9), sequencer: addressOf(1), coinbase: COINBASE },
    ...{ l1InfoRoot: ZERO_HASH, timestampLimit: 1, forcedBlockHashL1: ZERO_HASH, accInputHash: hashOf(3) },
  })
  const { id } = await startAttempt(db, { jobId: 'batch-2-r1', kind: 'batch', ...range })
  await assignAttempt(db, id, { proverId: 'p1', proverName: 'attic', proverKind: 'remote' })
  await endAttempt(db, id, { outcome: 'failed', error: 'no memory' })
})
afterAll(() => close())

const readDetails = async () => ({
  ...(await readBatchDetails(db, SECOND)),
  proofs: await readProofAttempts(db, SECOND),
  workflow: null,
})

test('all that the databases know of a batch', async () => {
  const details = await readDetails()
  expect(details).toMatchObject({
    ...{ batchNumber: 2, state: 'virtual', kind: 'trusted', forkId: 9, txCount: 1, blocks: { first: 1, last: 1 } },
    ...{ closingReason: 'Max delta timestamp', coinbase: COINBASE, accInputHash: hashOf(3), invalidReason: null },
    onL1: { virtual: { l1BlockNumber: 5, l1TxHash: hashOf(9), at: 4_000_000_000 } },
  })
  expect(details.stages.map(({ stage }) => stage)).toEqual(['opened', 'closed', 'virtual'])
  expect(details.stages.at(-1)!.at).toBe('2096-10-02T07:06:40.000Z')
  expect(details.transactions).toMatchObject([{ id: 'sequence-2-2', nonce: 7, attempts: 0, status: 'created' }])
  expect(details.proofs).toMatchObject([{ jobId: 'batch-2-r1', outcome: 'failed', proverName: 'attic' }])
  const { steps } = getForkRules(9).counterBudget!
  expect(details.counters['steps']).toEqual({ used: expect.any(Number), limit: steps })
  expect(details.counters['steps']!.used).toBeGreaterThan(0)
})

test('it is told in lines', async () => {
  const text = describeBatch(await readDetails(), new Date('2096-10-02T07:07:40Z')).join('\n')
  expect(text).toMatch(/^Batch 2 is virtual: trusted, fork 9, L2 blocks 1 to 1, 1 transactions, \d+ B of data\n/)
  expect(text).toContain(`virtual  2096-10-02T07:06:40.000Z  1m ago`)
  expect(text).toContain(`L1 block 5, ${hashOf(9)}`)
  expect(text).toMatch(/sequence-2-2 {2}created {2}7 {6}0 {7}- {9}\S+ ago {2}-/)
  expect(text).toMatch(/batch-2-r1 {2}batch {2}2 {8}1 {4}attic {3}failed {2}\S+ ago {2}no memory/)
})

test('a batch that does not exist', async () => {
  await expect(readBatchDetails(db, BatchNumber(9))).rejects.toThrow(BatchNotFoundError)
})

test('what a database holds: schema, newest block and batches, sizes', async () => {
  const status = await readDatabaseStatus(db, db)
  expect(status.schema).toMatchObject({ state: { pending: [], unknown: 0 }, proofs: { pending: [], unknown: 0 } })
  expect(status.newest).toMatchObject({
    block: { number: 1 },
    batches: { trusted: 2, closed: 2, virtual: 2, verified: 0, finalized: 0 },
    l1: { position: 10, head: 10 },
  })
  expect(status.tables.map(({ table }) => table)).toEqual(
    expect.arrayContaining(['pool.transactions', 'state.batches', 'tree.nodes', 'proofs.attempts']),
  )
  for (const { sizeBytes } of status.tables) expect(sizeBytes).toBeGreaterThan(0)
  const lines = formatStatus(status, new Date())
  expect(lines[0]).toMatch(/^Schema of the State DB: newest, \d{4}_/)
  expect(lines).toContain('Batches: trusted 2, closed 2, virtual 2, verified 0, finalized 0')
})
