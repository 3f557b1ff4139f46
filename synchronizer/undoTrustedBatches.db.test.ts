import { asc, eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBatch, findOpenBatch, getClosedBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findFirstUnfoundedBatch } from '#db/foundations.ts'
import { insertForcedBatch, insertVirtualBatch, setCursor, storeL1Block } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { insertProof } from '#db/proofs.ts'
import { forcedBatches, outbox, poolTransactions, proofs, transactions, witnesses } from '#db/schema.ts'
import { encodeBatchTransaction } from '#protocol/batchL2Data.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { COINBASE, createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import { applySequencedBatches } from './applyBatch.ts'
import { ChainTip } from './chainTip.ts'
import { undoTrustedBatches } from './undoTrustedBatches.ts'

let db: Database
let close: () => Promise<void>
beforeEach(async () => {
  ;({ db, close } = await openTestDatabase())
  await seedChain(db)
  await storeL1Block(db, { number: 11, hash: hashOf(11), parentHash: hashOf(10), timestamp: FORCED_AT }, true)
})
afterEach(() => close())

const [alice, bob] = wallets as [(typeof wallets)[0], (typeof wallets)[0]]
const [two, three, four] = [2, 3, 4].map(BatchNumber) as [BatchNumber, BatchNumber, BatchNumber]
const forever = () => new AbortController().signal
const FORCED_AT = Math.floor(Date.now() / 1000) - 30
const FORCED = { forcedBlockHashL1: hashOf(10), coinbase: COINBASE }
const place = { l1BlockNumber: 11, l1TxHash: hashOf(0x5e) }

const mined = async () =>
  (await db.select().from(transactions).orderBy(asc(transactions.blockNumber), asc(transactions.txIndex))).map(
    ({ hash }) => hash,
  )
const waiting = async () =>
  (await db.select().from(poolTransactions).orderBy(asc(poolTransactions.arrival))).map(({ hash, status }) => [
    hash,
    status,
  ])
const undo = (fromBatch: BatchNumber, isReader = false) =>
  db.transaction(async (tx) => {
    await takeLease(tx, SEQUENCER_LEASE)
    await undoTrustedBatches(tx, { fromBatch, reason: 'a test', isReader })
  })

/** Others sequenced, as batch 2, a forced batch with these transactions. */
async function sequenceForced(...raws: Uint8Array[]): Promise<void> {
  const fixed = { sequencer: COINBASE, coinbase: COINBASE, l1InfoRoot: ZERO_HASH, timestampLimit: FORCED_AT }
  const inputs = { ...fixed, forcedBlockHashL1: hashOf(10) }
  await insertVirtualBatch(db, { batchNumber: BatchNumber(1), ...place, ...inputs, accInputHash: ZERO_HASH })
  const batchL2Data = Buffer.concat(raws.map((raw) => encodeBatchTransaction(decodeRawTransaction(raw), 255)))
  const batch = { batchNumber: two, batchL2Data, kind: 'forced' as const, ...inputs }
  const network = { chainId: 1001, forkId: 9 }
  await db.transaction((tx) => applySequencedBatches(tx, new ChainTip(), [batch], { place, network }))
}

test('what others sequenced replaces own batches; what users sent returns in order, and is mined once', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 2 })
  const [a0, a1, a2, b0, b1] = [
    ...(await Promise.all([0, 1, 2].map((nonce) => signTransfer(alice, nonce)))),
    ...(await Promise.all([0, 1].map((nonce) => signTransfer(bob, nonce)))),
  ] as [Sent, Sent, Sent, Sent, Sent]
  await pour(db, [a0, b0])
  await sequencer.collect(two, forever())
  await pour(db, [a1, b1])
  await sequencer.collect(three, forever())
  const collecting = sequencer.collect(four, forever())
  collecting.catch(() => {}) // looked at later
  await pour(db, [a2])
  await expect.poll(async () => (await mined()).length).toBe(5)
  const order = await mined()
  const other = await signTransfer(alice, 0, { value: 99n })
  await sequenceForced(other.raw)

  await expect(collecting).rejects.toMatchObject({ name: 'LeaseLostError' })
  expect(await getClosedBatch(db, two)).toMatchObject({ kind: 'forced', txCount: 1 })
  expect(await mined()).toEqual([other.hash])
  expect(await findOpenBatch(db)).toBeUndefined()
  expect(await waiting()).toEqual(order.map((hash) => [hash, hash === a0.hash ? 'rejected' : 'pending']))
  const [rejected] = await db.select().from(poolTransactions).where(eq(poolTransactions.hash, a0.hash))
  expect(rejected?.rejectedReason).toContain('L1 has another transaction with this nonce')

  expect(await sequencer.collect(two, forever())).toMatchObject({ closingReason: 'Sync L1: forced' })
  expect(await sequencer.collect(three, forever())).toMatchObject({ txCount: 2 })
  expect(await sequencer.collect(four, forever())).toMatchObject({ txCount: 2 })
  expect((await mined()).toSorted()).toEqual([other, ...[a1, a2, b0, b1]].map(({ hash }) => hash).toSorted())
  expect(await waiting()).toEqual([[a0.hash, 'rejected']])
  await sequencer.close()
})
type Sent = Awaited<ReturnType<typeof signTransfer>>

test('what L1 has of the undone transactions does not return', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 2 })
  const [a0, a1] = [await signTransfer(alice, 0), await signTransfer(alice, 1)]
  await pour(db, [a0, a1])
  await sequencer.collect(two, forever())
  await sequenceForced(a0.raw)
  expect(await mined()).toEqual([a0.hash])
  expect(await waiting()).toEqual([[a1.hash, 'pending']])
  await sequencer.close()
})

test('a sequencer that has nothing to write notices that its batch is undone', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 0)])
  await sequencer.collect(two, forever())
  const idle = sequencer.collect(three, forever())
  idle.catch(() => {})
  await expect.poll(() => findOpenBatch(db)).toMatchObject({ batchNumber: 3 })
  await db.delete(poolTransactions)
  await undo(two)
  await db.delete(poolTransactions) // nothing comes either
  await expect(idle).rejects.toMatchObject({ name: 'LeaseLostError' })
  await sequencer.close()
})

test('batches far behind those to be filled first hold no place', async () => {
  const sequencer = createSequencer(db)
  await expect(sequencer.collect(BatchNumber(8), forever())).rejects.toMatchObject({ name: 'BatchFarAheadError' })
  const near = new AbortController()
  const waits = sequencer.collect(BatchNumber(7), near.signal)
  near.abort()
  await expect(waits).rejects.toMatchObject({ name: 'AbortError' })
  await sequencer.close()
})

test('proofs, witnesses and what waits with a used nonce go; what returns twice keeps its order', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 2 })
  const sent = [await signTransfer(alice, 0), await signTransfer(alice, 1)]
  await pour(db, sent)
  await sequencer.collect(two, forever())
  const order = await mined()
  const proof = { kind: 'batch', fromBatch: two, toBatch: two, prover: 'test', proverKind: 'embedded' } as const
  await insertProof(db, { proofId: 'batch-2-r1', ...proof })
  await db.insert(witnesses).values({ batchNumber: two, oldStateRoot: ZERO_HASH, witness: new Uint8Array() })
  const stale = await signTransfer(alice, 1, { gasPrice: 5_000_000_000n })
  await db.insert(poolTransactions).values(stale)
  await undo(two)
  expect(await db.select().from(proofs)).toEqual([])
  expect(await db.select().from(witnesses)).toEqual([])
  expect(await findBatch(db, two)).toBeUndefined()
  expect((await waiting()).map(([hash]) => hash)).toEqual(order)

  await sequencer.collect(two, forever())
  const third = await signTransfer(bob, 0)
  await pour(db, [third])
  await undo(two)
  expect((await waiting()).map(([hash]) => hash)).toEqual([...order, third.hash])
  const arrivals = (await db.select().from(poolTransactions)).map(({ arrival }) => arrival)
  expect(Math.max(...arrivals)).toBeGreaterThan(0)
  expect(Math.min(...arrivals)).toBeLessThan(1)
  await sequencer.close()
})

test('a node that only reads has nobody to give anything back to', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 0)])
  await sequencer.collect(two, forever())
  await undo(two, true)
  expect(await waiting()).toEqual([])
  expect(await db.select().from(outbox)).toEqual([])
  await sequencer.close()
})

test('undone batches are told, with the number of the undoing', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 0)])
  await sequencer.collect(two, forever())
  await undo(two)
  await sequencer.collect(two, forever())
  await undo(two)
  const told = (await db.select().from(outbox).orderBy(asc(outbox.id))).filter(
    ({ batchNumber }) => batchNumber !== null,
  )
  expect(told.map(({ workflowId, payload }) => [workflowId, payload])).toEqual([
    ['batch-2', [{ undoing: 1, reason: 'a test' }]],
    ['batch-2', [{ undoing: 2, reason: 'a test' }]],
  ])
  await sequencer.close()
})

test('a forced batch that was taken holds what is built on it until L1 has it otherwise', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  const { raw } = await signTransfer(alice, 0)
  const content = { batchL2Data: encodeBatchTransaction(decodeRawTransaction(raw), 255), forcedTimestamp: FORCED_AT }
  const row = { forcedBatchNumber: 1, l1BlockNumber: 11, l1TxHash: hashOf(1), sender: addressOf(0xf0), ...content }
  const forced = { ...row, forcedGlobalExitRoot: hashOf(0x6e4), forcedBlockHashL1: FORCED.forcedBlockHashL1 }
  await insertForcedBatch(db, forced)
  await setCursor(db, 100, 100)
  await sequencer.collect(two, forever())
  await pour(db, [await signTransfer(alice, 1)])
  await sequencer.collect(three, forever())
  expect(await findFirstUnfoundedBatch(db)).toBeUndefined()
  const changes = [
    { forcedTimestamp: FORCED_AT + 1 },
    { forcedBlockHashL1: hashOf(9) },
    { batchL2Data: new Uint8Array() },
  ]
  for (const change of [...changes, { forcedGlobalExitRoot: hashOf(9) }]) {
    await db.update(forcedBatches).set(change)
    expect(await findFirstUnfoundedBatch(db)).toBe(2)
    await db.update(forcedBatches).set(forced)
  }
  expect(await findFirstUnfoundedBatch(db)).toBeUndefined()
  await db.delete(forcedBatches)
  expect(await findFirstUnfoundedBatch(db)).toBe(2)
  await insertVirtualBatch(db, {
    ...{ batchNumber: two, ...place, sequencer: COINBASE, coinbase: COINBASE, l1InfoRoot: ZERO_HASH },
    ...{ timestampLimit: FORCED_AT, forcedBlockHashL1: hashOf(10), accInputHash: ZERO_HASH },
  })
  expect(await findFirstUnfoundedBatch(db)).toBeUndefined() // what L1 has rests on L1
  await sequencer.close()
})
