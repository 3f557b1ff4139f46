import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { NewL1Transaction } from '#etherman/l1TransactionStore.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { setCursor } from './l1.ts'
import {
  createL1TransactionStore,
  findLastSequenceSent,
  findUnfinishedSequence,
  L1TransactionNotFoundError,
  reopenLostTransactions,
  withdrawTransactions,
} from './l1Transactions.ts'
import { readFence, takeLease, UNDO_FENCE } from './leases.ts'
import { cursors, l1Blocks, l1Transactions, sequences, verifications } from './schema.ts'

let db: Database
let close: () => Promise<void>

beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  for (const table of [l1Transactions, l1Blocks, cursors]) await db.delete(table)
})

const [one, other] = [addressOf(1), addressOf(2)]
const transactionOf = (job: string, changes: Partial<NewL1Transaction> = {}): NewL1Transaction => ({
  ...{ job, purpose: 'other', sender: one, recipient: other, data: new Uint8Array([1]), gasLimit: 21_000 },
  ...changes,
})
const sequenceOf = (from: number, to: number) =>
  transactionOf(`sequence-${from}-${to}`, {
    ...{ purpose: 'sequence', fromBatch: BatchNumber(from), toBatch: BatchNumber(to) },
  })
const verificationOf = (from: number, to: number) => ({
  ...sequenceOf(from, to),
  ...{ job: `verify-${from}-${to}`, purpose: 'verify' as const },
})
const attemptOf = (number: number, maxFeePerGas = 10n) => ({
  ...{ hash: hashOf(number), maxFeePerGas, maxPriorityFeePerGas: 1n, cancels: false },
})
const minedAt = (l1BlockNumber: number) => ({ status: 'mined' as const, hash: hashOf(1), l1BlockNumber })
const fresh = { after: undefined, chainNonce: 0 }

test('a nonce follows the chain and every record of the sender, whichever is higher', async () => {
  const store = createL1TransactionStore(db)
  expect((await store.reserve(transactionOf('a'), { ...fresh, chainNonce: 7 })).nonce).toBe(7)
  expect((await store.reserve(transactionOf('b'), { ...fresh, chainNonce: 7 })).nonce).toBe(8)
  expect((await store.reserve(transactionOf('c'), { ...fresh, chainNonce: 20 })).nonce).toBe(20)
  expect((await store.reserve(transactionOf('d', { sender: other }), fresh)).nonce).toBe(0)
})

test('reservations at once get different nonces, those of one job one record', async () => {
  const store = createL1TransactionStore(db)
  const jobs = ['a', 'b', 'c', 'a', 'b', 'c', 'd', 'e']
  const records = await Promise.all(jobs.map((job) => store.reserve(transactionOf(job), fresh)))
  expect(new Set(records.map(({ nonce }) => nonce))).toEqual(new Set([0, 1, 2, 3, 4]))
  expect(records[0]).toEqual(records[3])
})

test('records of a job are numbered; the newest counts', async () => {
  const store = createL1TransactionStore(db)
  const ids: string[] = []
  for (let round = 0; round < 11; round++) {
    const last = await store.findLast('a')
    ids.push((await store.reserve(transactionOf('a'), { after: last?.id, chainNonce: 0 })).id)
  }
  expect([ids[0], ids[1], ids[10]]).toEqual(['a', 'a#2', 'a#11'])
  await store.reserve(transactionOf('a-b'), fresh)
  expect((await store.findLast('a'))?.id).toBe('a#11')
  // Somebody else was faster.
  expect((await store.reserve(transactionOf('a'), { after: 'a#10', chainNonce: 0 })).id).toBe('a#11')
})

test('an abandoned nonce is free again when it was the highest', async () => {
  const store = createL1TransactionStore(db)
  await store.reserve(transactionOf('a'), fresh)
  await store.abandon('a')
  expect((await store.reserve(transactionOf('b'), fresh)).nonce).toBe(0)
})

test('unfinished records come lowest nonce first, with their attempts from the cheapest to the dearest', async () => {
  const store = createL1TransactionStore(db)
  for (const job of ['a', 'b', 'c', 'd']) await store.reserve(transactionOf(job), fresh)
  await store.reserve(transactionOf('x', { sender: other }), fresh)
  await store.addAttempt('b', attemptOf(1), '0x02')
  await store.addAttempt('b', attemptOf(2, 20n), '0x02')
  await store.addAttempt('b', attemptOf(1), '0x02') // known already
  await store.settle('a', minedAt(5))
  const found = await store.findUnfinished(one, 2)
  expect(found.map(({ record: { id, status } }) => [id, status])).toEqual([
    ['b', 'sent'],
    ['c', 'created'],
  ])
  expect(found[0]?.attempts.map(({ hash }) => hash)).toEqual([hashOf(1), hashOf(2)])
})

test('data and signed forms are read apart from the records', async () => {
  const store = createL1TransactionStore(db)
  await store.reserve(transactionOf('a'), fresh)
  await store.addAttempt('a', attemptOf(1), '0x02c0')
  expect(await store.getData('a')).toEqual(Buffer.of(1))
  expect(await store.getRaw(hashOf(1))).toBe('0x02c0')
  await expect(store.getData('b')).rejects.toThrow(L1TransactionNotFoundError)
  await expect(store.getRaw(hashOf(2))).rejects.toThrow(L1TransactionNotFoundError)
})

test('what is settled stays so', async () => {
  const store = createL1TransactionStore(db)
  await store.reserve(transactionOf('a'), fresh)
  await store.settle('a', { ...minedAt(5), status: 'reverted', error: 'OnlyTrustedSequencer' })
  await store.settle('a', minedAt(6))
  await store.abandon('a')
  await store.addAttempt('a', attemptOf(9), '0x02')
  expect(await store.get('a')).toMatchObject({ status: 'reverted', l1BlockNumber: 5, error: 'OnlyTrustedSequencer' })
  await expect(store.get('b')).rejects.toThrow(L1TransactionNotFoundError)
})

test('knows which sequence is on its way, and how far the mined ones reach', async () => {
  const store = createL1TransactionStore(db)
  expect(await findUnfinishedSequence(db)).toBeUndefined()
  expect(await findLastSequenceSent(db)).toBe(0)
  for (const [from, to] of [[2, 4] as const, [5, 6] as const]) await store.reserve(sequenceOf(from, to), fresh)
  await store.reserve(verificationOf(2, 9), fresh)
  expect(await findUnfinishedSequence(db)).toEqual({ fromBatch: 2, toBatch: 4 })
  await store.settle('sequence-2-4', minedAt(5))
  expect(await findUnfinishedSequence(db)).toEqual({ fromBatch: 5, toBatch: 6 })
  expect(await findLastSequenceSent(db)).toBe(4)
  await store.settle('sequence-5-6', { ...minedAt(6), status: 'reverted' })
  expect(await findUnfinishedSequence(db)).toBeUndefined()
  expect(await findLastSequenceSent(db)).toBe(4)
})

test('what was mined and is not found in blocks that are read counts as sent again', async () => {
  const store = createL1TransactionStore(db)
  await db
    .insert(l1Blocks)
    .values({ blockNumber: 10, hash: hashOf(10), parentHash: hashOf(9), timestamp: 1, hasEvents: true })
  const place = { l1BlockNumber: 10, l1TxHash: hashOf(1) }
  const found = { fromBatch: BatchNumber(2), toBatch: BatchNumber(4), ...place }
  await db.insert(sequences).values({ ...found, accInputHash: ZERO_HASH })
  await db
    .insert(verifications)
    .values({ ...found, aggregator: one, stateRoot: ZERO_HASH, exitRoot: ZERO_HASH, trusted: true })
  const jobs = [sequenceOf(2, 4), verificationOf(2, 4), sequenceOf(5, 6), verificationOf(5, 6), transactionOf('other')]
  for (const transaction of jobs) {
    await store.reserve(transaction, fresh)
    await store.settle(transaction.job, minedAt(10))
  }
  expect(await reopenLostTransactions(db)).toEqual([]) // nothing is read yet
  await setCursor(db, 9, 12)
  expect(await reopenLostTransactions(db)).toEqual([])
  await setCursor(db, 10, 12)
  expect((await reopenLostTransactions(db)).sort()).toEqual(['sequence-5-6', 'verify-5-6'])
  expect(await store.get('sequence-5-6')).toMatchObject({ status: 'sent' })
  expect((await store.get('sequence-5-6')).l1BlockNumber).toBeUndefined()
})

test('what is withdrawn counts as on its way no more, and is an empty transaction whenever it has to be sent', async () => {
  const store = createL1TransactionStore(db)
  for (const [from, to] of [
    [1, 4],
    [5, 6],
    [7, 9],
  ] as const)
    await store.reserve(sequenceOf(from, to), fresh)
  await store.reserve(verificationOf(1, 6), fresh)
  await store.settle('sequence-1-4', minedAt(2))
  await store.settle('sequence-7-9', minedAt(3))
  await withdrawTransactions(db, BatchNumber(5))
  expect(await findUnfinishedSequence(db)).toBeUndefined()
  expect(await findLastSequenceSent(db)).toBe(9) // L1 has it
  expect(await store.get('sequence-1-4')).not.toHaveProperty('withdrawn')
  for (const id of ['sequence-5-6', 'verify-1-6', 'sequence-7-9']) {
    expect(await store.get(id)).toMatchObject({ withdrawn: true, recipient: one, gasLimit: 21_000 })
    expect(await store.getData(id)).toEqual(new Uint8Array())
  }
  await setCursor(db, 3, 3)
  await reopenLostTransactions(db) // L1 lost both
  expect(await findUnfinishedSequence(db)).toEqual({ fromBatch: 1, toBatch: 4 })
  expect(await findLastSequenceSent(db)).toBe(0)
})

test('nothing is reserved of what was read before batches were undone', async () => {
  const store = createL1TransactionStore(db)
  const fence = await readFence(db, UNDO_FENCE)
  await takeLease(db, UNDO_FENCE)
  await expect(store.reserve({ ...sequenceOf(1, 2), fence }, fresh)).rejects.toMatchObject({ name: 'LeaseLostError' })
  expect(await store.findLast('sequence-1-2')).toBeUndefined()
  await store.reserve({ ...sequenceOf(1, 2), fence: await readFence(db, UNDO_FENCE) }, fresh)
  expect((await store.findLast('sequence-1-2'))?.status).toBe('created')
})
