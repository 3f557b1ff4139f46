import { asc, eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { getBatch, getClosedBatch } from '#db/batches.ts'
import { findBlocksOfBatch, getLastBlock } from '#db/blocks.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { LeaseLostError } from '#db/leases.ts'
import { l2Blocks, poolTransactions, transactions } from '#db/schema.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { CounterModel } from '#executor/counters/counterModel.ts'
import { COUNTER_NAMES } from '#executor/counters/zkCounters.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { getForkRules } from '#protocol/forks.ts'
import { Address, BatchNumber, BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { COINBASE, createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import type { SequencerObserver } from './observer.ts'

let db: Database
let url: string
let close: () => Promise<void>
beforeEach(async () => {
  ;({ db, url, close } = await openTestDatabase())
  await seedChain(db)
})
afterEach(() => close())

const [alice, bob] = wallets as [(typeof wallets)[0], (typeof wallets)[0]]
const forever = () => new AbortController().signal
const mined = async () =>
  (await db.select().from(transactions).orderBy(asc(transactions.blockNumber), asc(transactions.txIndex))).map(
    ({ hash }) => hash,
  )

test('waits for batch 1 and for L1 to be read, then names the batch to go on with', async () => {
  const sequencer = createSequencer(db)
  expect(await sequencer.prepare(forever())).toEqual({ nextBatch: 2, forkId: 9 })
})

test('runs each sender in nonce order and all by price, and closes the batch at its age', async () => {
  const sequencer = createSequencer(db)
  const [a0, a1, b0] = [
    await signTransfer(alice, 0),
    await signTransfer(alice, 1, { gasPrice: 9_000_000_000n }),
    await signTransfer(bob, 0, { gasPrice: 2_000_000_000n }),
  ]
  await pour(db, [a1, a0, b0])
  const summary = await sequencer.collect(BatchNumber(2), forever())
  expect(summary).toMatchObject({ txCount: 3, closingReason: 'Max delta timestamp' })
  expect(await mined()).toEqual([b0.hash, a0.hash, a1.hash])
  expect(await db.select().from(poolTransactions)).toEqual([])
  const reader = createDatabaseStateReader(db)
  const [sender, receiver] = await reader.getAccounts([Address(alice.address), addressOf(0xaa)])
  expect(sender!.nonce).toBe(2n)
  expect(receiver!.balance).toBe(3n)
  await sequencer.close()
})

test('a batch that is to close at once does so with its first block; one that holds blocks takes no more', async () => {
  const sequencer = createSequencer(db, { batchMaxMs: 600_000 })
  await pour(db, [await signTransfer(alice, 0)])
  const closeNow = { closeNow: true }
  expect(await sequencer.collect(BatchNumber(2), forever(), closeNow)).toEqual({
    ...{ txCount: 1, blockCount: 1, closingReason: 'Closed by an operator' },
  })
  await pour(db, [await signTransfer(alice, 1)])
  const stop = new AbortController()
  const collecting = sequencer.collect(BatchNumber(3), stop.signal).catch((error: Error) => error.name)
  await vi.waitFor(async () => expect((await getBatch(db, BatchNumber(3))).blockCount).toBe(1))
  stop.abort()
  expect(await collecting).toBe('AbortError')
  await pour(db, [await signTransfer(alice, 2)])
  expect(await sequencer.collect(BatchNumber(3), forever(), closeNow)).toMatchObject({ txCount: 1, blockCount: 1 })
  await sequencer.close()
})

test('who measures it is told of blocks, of what their batch has used, and of what is rejected', async () => {
  const blocks: Parameters<SequencerObserver['blockStored']>[0][] = []
  const [closed, rejected]: [number[], string[]] = [[], []]
  const sequencer = createSequencer(
    db,
    {},
    {},
    {
      blockStored: (block) => blocks.push(block),
      batchClosed: ({ openSeconds }) => closed.push(openSeconds),
      rejected: (reason) => rejected.push(reason),
    },
  )
  await pour(db, [await signTransfer(alice, 0), await signTransfer(bob, 0, { chainId: 7 })])
  await sequencer.collect(BatchNumber(2), forever())
  await sequencer.close()
  expect(rejected).toEqual(['INTRINSIC_INVALID_CHAIN_ID'])
  expect(blocks.map(({ usage }) => usage.transactions)).toEqual([1])
  expect(blocks[0]!.seconds).toBeGreaterThan(0)
  expect(blocks[0]!.usage.counters).toEqual((await getBatch(db, BatchNumber(2))).counters)
  expect(blocks[0]!.limits.counters).toEqual(getForkRules(9).counterBudget)
  expect(closed).toHaveLength(1)
  expect(closed[0]).toBeGreaterThanOrEqual(0.3) // batchMaxMs
})

test('what is stored of a batch is what executing its data from the tree alone gives', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 6, blockMaxTransactions: 2 })
  for (const wallet of [alice, bob]) for (let n = 0; n < 3; n++) await pour(db, [await signTransfer(wallet, n)])
  await sequencer.collect(BatchNumber(2), forever())
  const batch = await getClosedBatch(db, BatchNumber(2))
  expect(batch).toMatchObject({ closingReason: 'Max transactions', blockCount: 3, txCount: 6 })
  const before = await getClosedBatch(db, BatchNumber(1))
  const store = createDatabaseNodeStore(db)
  const result = await executeBatch(
    {
      forkId: 9,
      chainId: 1001,
      oldStateRoot: before.stateRoot,
      oldAccInputHash: ZERO_HASH,
      batchL2Data: batch.batchL2Data,
      l1InfoRoot: ZERO_HASH,
      timestampLimit: batch.lastTimestamp,
      coinbase: COINBASE,
      forcedBlockHashL1: ZERO_HASH,
      l1InfoTreeData: new Map(),
    },
    { store, reader: createTreeStateReader(store, before.stateRoot, new Map()) },
  )
  expect(result.newStateRoot).toBe(batch.stateRoot)
  const blocks = await findBlocksOfBatch(db, BatchNumber(2))
  expect(result.blocks.map(({ stateRoot }) => stateRoot)).toEqual(blocks.map(({ stateRoot }) => stateRoot))
  await sequencer.close()
})

test('a transaction that can never run is rejected with its reason, one that waits for its nonce stays', async () => {
  const sequencer = createSequencer(db)
  const wrongChain = await signTransfer(bob, 0, { chainId: 5 })
  const later = await signTransfer(alice, 1)
  const good = await signTransfer(wallets[2]!, 0)
  await pour(db, [wrongChain, later, good])
  await sequencer.collect(BatchNumber(2), forever())
  expect(await mined()).toEqual([good.hash])
  const rows = await db.select().from(poolTransactions).orderBy(asc(poolTransactions.arrival))
  expect(rows.map(({ hash, status, rejectedReason }) => ({ hash, status, rejectedReason }))).toEqual([
    { hash: wrongChain.hash, status: 'rejected', rejectedReason: 'INTRINSIC_INVALID_CHAIN_ID' },
    { hash: later.hash, status: 'pending', rejectedReason: null },
  ])
  await sequencer.close()
})

/** How many paths of the state tree a transfer is counted with. */
const PATHS_OF_TRANSFER = 20
/** Runs in circles until its gas is gone: an iteration is 12 gas and about 1,100 steps of the estimate. */
const circling = (gas: bigint) => ({ to: null, value: 0n, data: '0x5b600056', gasLimit: 53_100n + gas })
const pooled = async () =>
  (await db.select().from(poolTransactions)).map(({ hash, status, rejectedReason }) => [hash, status, rejectedReason])

test('a transaction that the batch has no counters left for waits for the next, one that no batch has room for is rejected', async () => {
  const sequencer = createSequencer(db, { batchMaxMs: 60_000 })
  const [first, second] = [
    await signTransfer(alice, 0, circling(60_000n)),
    await signTransfer(bob, 0, circling(60_000n)),
  ]
  const hopeless = await signTransfer(wallets[2]!, 0, circling(2_000_000n))
  await pour(db, [first, second])
  expect(await sequencer.collect(BatchNumber(2), forever())).toMatchObject({
    ...{ txCount: 1, closingReason: 'Resource exhausted' },
  })
  expect(await mined()).toEqual([first.hash])
  expect(await pooled()).toEqual([[second.hash, 'pending', null]])

  await pour(db, [hopeless, await signTransfer(alice, 1, circling(60_000n))])
  const next = await sequencer.collect(BatchNumber(3), forever())
  expect(next).toMatchObject({ txCount: 1, closingReason: 'Resource exhausted' })
  expect(await mined()).toEqual([first.hash, second.hash])
  const stop = new AbortController()
  const collecting = sequencer.collect(BatchNumber(4), stop.signal).catch(() => {})
  await vi.waitFor(
    async () => expect(await pooled()).toEqual([[hopeless.hash, 'rejected', 'out of counters: steps']]),
    15_000,
  )
  stop.abort()
  await collecting
  await sequencer.close()
})

test('counters are stored with each transaction and, all together, with the batch', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 2 })
  await pour(db, [await signTransfer(alice, 0), await signTransfer(bob, 0, circling(6_000n))])
  await sequencer.collect(BatchNumber(2), forever())
  const rows = await db.select().from(transactions).orderBy(asc(transactions.txIndex))
  const { counters, blockCount } = await getBatch(db, BatchNumber(2))
  const model = new CounterModel(getForkRules(9))
  const { treeDepth } = await getLastBlock(db)
  const block = model.block(treeDepth, { marker: true, info: false })
  for (const name of COUNTER_NAMES) {
    const of = (row: (typeof rows)[0]) => row.counters?.[name] ?? Number.NaN
    expect(counters?.[name]).toBe(blockCount * block[name] + of(rows[0]!) + of(rows[1]!))
  }
  await sequencer.close()
})

test('the depth of the state tree is known from the last block, also to another process', async () => {
  const first = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 0)])
  await first.collect(BatchNumber(2), forever())
  const { blockNumber, treeDepth } = await getLastBlock(db)
  expect(treeDepth).toBeGreaterThan(1)
  await db.update(l2Blocks).set({ treeDepth: 40 }).where(eq(l2Blocks.blockNumber, blockNumber))
  const second = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 1)])
  await second.collect(BatchNumber(3), forever())
  expect(await getLastBlock(db)).toMatchObject({ blockNumber: 2, treeDepth: 40 })
  const rows = await db.select().from(transactions).orderBy(asc(transactions.blockNumber))
  const [shallow, deep] = rows.map(({ counters }) => counters?.['poseidonHashes'] ?? Number.NaN)
  expect(deep! - shallow!).toBe(PATHS_OF_TRANSFER * (41 - 32))
  await Promise.all([first.close(), second.close()])
})

test('another process goes on with the block after the last stored one', async () => {
  const first = createSequencer(db, { batchMaxMs: 60_000 })
  const stop = new AbortController()
  await pour(db, [await signTransfer(alice, 0)])
  const collecting = first.collect(BatchNumber(2), stop.signal)
  await expect.poll(async () => (await getLastBlock(db)).blockNumber).toBe(1)
  stop.abort()
  await expect(collecting).rejects.toThrow()
  expect((await getBatch(db, BatchNumber(2))).closedAt).toBeNull()

  const other = connectDatabase(url)
  const second = createSequencer(other, { batchMaxMs: 60_000, batchMaxTransactions: 2 })
  await pour(db, [await signTransfer(alice, 1)])
  const summary = await second.collect(BatchNumber(2), forever())
  expect(summary).toMatchObject({ txCount: 2, blockCount: 2 })
  expect(await second.collect(BatchNumber(2), forever())).toEqual(summary)
  await Promise.all([first.close(), second.close()])
  await other.$client.end()
})

test('a sequencer that lost its lease cannot write', async () => {
  const first = createSequencer(db, { batchMaxMs: 60_000 })
  const second = createSequencer(db)
  const collecting = first.collect(BatchNumber(2), forever())
  collecting.catch(() => {})
  await expect.poll(async () => (await getBatch(db, BatchNumber(2)).catch(() => undefined))?.batchNumber).toBe(2)
  const closing = second.collect(BatchNumber(2), forever())
  await pour(db, [await signTransfer(alice, 0), await signTransfer(alice, 1)])
  await expect(collecting).rejects.toBeInstanceOf(LeaseLostError)
  expect((await closing).txCount).toBe(2)
  expect(
    await db
      .select()
      .from(transactions)
      .where(eq(transactions.sender, Address(alice.address))),
  ).toHaveLength(2)
  await Promise.all([first.close(), second.close()])
})

test('the next batch waits for its turn and starts where the one before ended', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1, blockMaxTransactions: 1 })
  const [second, third] = [sequencer.collect(BatchNumber(2), forever()), sequencer.collect(BatchNumber(3), forever())]
  expect(sequencer.progressOf(BatchNumber(3))).toEqual({ waitsForBatch: 2 })
  await pour(db, [await signTransfer(alice, 0), await signTransfer(alice, 1)])
  expect([(await second).txCount, (await third).txCount]).toEqual([1, 1])
  const [block] = await findBlocksOfBatch(db, BatchNumber(3))
  expect(block?.blockNumber).toBe(BlockNumber(2))
  await sequencer.close()
})

test('many batches wait for their turns, whatever order they came in, and each follows the one before at once', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1, blockMaxTransactions: 1 })
  const numbers = [5, 3, 7, 4, 6, 2]
  const collecting = numbers.map((number) => sequencer.collect(BatchNumber(number), forever()))
  await expect.poll(() => sequencer.progressOf(BatchNumber(2))).toMatchObject({ ready: 0 })
  const began = Date.now()
  for (let nonce = 0; nonce < 6; nonce++) await pour(db, [await signTransfer(alice, nonce)])
  await Promise.all(collecting)
  expect(Date.now() - began).toBeLessThan(3000) // not a second each
  for (const number of numbers)
    expect(await findBlocksOfBatch(db, BatchNumber(number))).toMatchObject([{ blockNumber: number - 1 }])
  await sequencer.close()
})

test('a batch that waits is woken by nobody when the one before fails, and taken over by its next attempt', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  const stop = new AbortController()
  const failing = sequencer.collect(BatchNumber(2), stop.signal)
  const next = sequencer.collect(BatchNumber(3), forever())
  await expect.poll(() => sequencer.progressOf(BatchNumber(2))).toMatchObject({ ready: 0 })
  stop.abort()
  await expect(failing).rejects.toThrow()
  await pour(db, [await signTransfer(alice, 0), await signTransfer(alice, 1)])
  expect((await sequencer.collect(BatchNumber(2), forever())).txCount).toBe(1)
  expect((await next).txCount).toBe(1)
  await sequencer.close()
})

test('a batch that is closed is reported at once when it is asked for again, though the next one is being filled', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(alice, 0)])
  const closed = await sequencer.collect(BatchNumber(2), forever())
  const stop = new AbortController()
  const next = sequencer.collect(BatchNumber(3), stop.signal)
  await expect.poll(() => sequencer.progressOf(BatchNumber(3))).toMatchObject({ ready: 0 })
  expect(await sequencer.collect(BatchNumber(2), forever())).toEqual(closed)
  stop.abort()
  await expect(next).rejects.toThrow()
  await sequencer.close()
})

test('one empty block follows transactions, and no more', async () => {
  const sequencer = createSequencer(db, { trailingBlockMs: 30, batchMaxMs: 600_000 })
  const stop = new AbortController()
  const collecting = sequencer.collect(BatchNumber(2), stop.signal)
  await pour(db, [await signTransfer(alice, 0)])
  await expect
    .poll(async () => await getLastBlock(db), { timeout: 10_000 })
    .toMatchObject({ blockNumber: 2, txCount: 0 })
  await new Promise((resolve) => setTimeout(resolve, 200)) // time for one too many
  expect((await getLastBlock(db)).blockNumber).toBe(2)
  stop.abort()
  await expect(collecting).rejects.toThrow()
  await sequencer.close()
})
