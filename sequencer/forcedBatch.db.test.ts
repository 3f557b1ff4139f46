import { MockActivityEnvironment } from '@temporalio/testing'
import { eq } from 'drizzle-orm'
import { Wallet } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCheckingActivities } from '#activities/checking.ts'
import { buildSequence } from '#activities/sequenceInputs.ts'
import { bytesToHex, concatBytes } from '#common/bytes.ts'
import { getBatch, getClosedBatch } from '#db/batches.ts'
import { findBlocksOfBatch, getLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { insertForcedBatch, insertVirtualBatch, setCursor, storeL1Block } from '#db/l1.ts'
import { leases, virtualBatches, witnesses } from '#db/schema.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { Address, BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { applySequencedBatches } from '#synchronizer/applyBatch.ts'
import { ChainTip } from '#synchronizer/chainTip.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { COINBASE, createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import { recordTelling } from '#test/telling.ts'

let db: Database
let close: () => Promise<void>
beforeEach(async () => {
  ;({ db, close } = await openTestDatabase())
  await seedChain(db)
})
afterEach(() => close())

const [alice, bob] = wallets as [Wallet, Wallet]
const forever = () => new AbortController().signal
const FORCED_AT = Math.floor(Date.now() / 1000) - 30

/** What the synchronizer stores when somebody forces a batch; L1 has built `confirmations` blocks on it. */
async function force(number: number, batchL2Data: Uint8Array, confirmations = 64): Promise<void> {
  const [l1BlockNumber, timestamp] = [10 + number, FORCED_AT + number]
  const block = { number: l1BlockNumber, hash: hashOf(l1BlockNumber), parentHash: hashOf(l1BlockNumber - 1), timestamp }
  await storeL1Block(db, block, true)
  await insertForcedBatch(db, {
    ...{ forcedBatchNumber: number, l1BlockNumber, l1TxHash: hashOf(number), sender: addressOf(0xf0), batchL2Data },
    ...{ forcedGlobalExitRoot: hashOf(0x6e4), forcedTimestamp: timestamp, forcedBlockHashL1: block.parentHash },
  })
  await setCursor(db, l1BlockNumber + confirmations, l1BlockNumber + confirmations)
}

async function inBatch(wallet: Wallet, nonce: number, overrides = {}): Promise<Uint8Array> {
  return encodeBatchTransaction(decodeRawTransaction((await signTransfer(wallet, nonce, overrides)).raw), 255)
}

/** Executes a batch again as a whole, from its data and the tree before it, and compares every root. */
async function check(batchNumber: number): Promise<{ stateRoot: string }> {
  await db.delete(witnesses)
  const { tell } = recordTelling()
  const { checkBatch } = createCheckingActivities({ db, config: { network: { chainId: 1001 } }, tell })
  return await new MockActivityEnvironment().run(checkBatch, { batchNumber })
}
const balanceOf = async (address: string) => (await createDatabaseStateReader(db).getAccounts([Address(address)]))[0]!

test('is the next batch, with the inputs that L1 fixed when it was forced', async () => {
  const sequencer = createSequencer(db)
  const data = await inBatch(alice, 0)
  await force(1, data)
  const summary = await sequencer.collect(BatchNumber(2), forever())
  expect(summary).toEqual({ txCount: 1, blockCount: 1, closingReason: 'Forced batch' })
  const batch = await getClosedBatch(db, BatchNumber(2))
  expect(batch).toMatchObject({ kind: 'forced', forcedBatchNumber: 1, coinbase: COINBASE })
  expect(bytesToHex(batch.batchL2Data)).toBe(bytesToHex(data))
  expect(await findBlocksOfBatch(db, BatchNumber(2))).toMatchObject([
    { timestamp: FORCED_AT + 1, globalExitRoot: hashOf(0x6e4), l1BlockHash: hashOf(10) },
  ])
  expect((await check(2)).stateRoot).toBe(batch.stateRoot)
  await sequencer.close()
})

test('waits until L1 will not forget it', async () => {
  const sequencer = createSequencer(db, { forcedBatchConfirmations: 5 })
  await force(1, await inBatch(alice, 0), 4)
  const collecting = sequencer.collect(BatchNumber(2), forever())
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect((await getBatch(db, BatchNumber(2))).kind).toBe('trusted')
  await setCursor(db, 16, 16)
  expect(await collecting).toMatchObject({ closingReason: 'Forced batch' })
  await sequencer.close()
})

test('closes a batch with transactions only when its time has come, and then comes next', async () => {
  const patient = createSequencer(db, { batchMaxMs: 60_000, forcedBatchDeadlineMs: 3_600_000 })
  const stop = new AbortController()
  const collecting = patient.collect(BatchNumber(2), stop.signal)
  await pour(db, [await signTransfer(alice, 0)])
  await expect.poll(async () => (await getLastBlock(db)).blockNumber).toBe(1)
  await force(1, await inBatch(alice, 1))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect((await getBatch(db, BatchNumber(2))).closedAt).toBeNull()
  stop.abort()
  await expect(collecting).rejects.toThrow()

  const sequencer = createSequencer(db, { batchMaxMs: 60_000, forcedBatchDeadlineMs: 1 })
  expect(await sequencer.collect(BatchNumber(2), forever())).toMatchObject({ closingReason: 'Forced batch deadline' })
  expect(await sequencer.collect(BatchNumber(3), forever())).toMatchObject({
    closingReason: 'Forced batch',
    txCount: 1,
  })
  await pour(db, [await signTransfer(alice, 2)])
  const next = createSequencer(db)
  expect(await next.collect(BatchNumber(4), forever())).toMatchObject({ txCount: 1 })
  for (const batch of [2, 3, 4]) await check(batch)
  await Promise.all([patient.close(), sequencer.close(), next.close()])
})

test('many are taken one a batch, in the order of L1, and nothing of them twice by another process', async () => {
  const [first, second] = [createSequencer(db), createSequencer(db)]
  for (let number = 1; number <= 3; number++) await force(number, await inBatch(alice, number - 1))
  await first.collect(BatchNumber(2), forever())
  expect(await second.collect(BatchNumber(2), forever())).toMatchObject({ closingReason: 'Forced batch' })
  await second.collect(BatchNumber(3), forever())
  await first.collect(BatchNumber(4), forever())
  const batches = await Promise.all([2, 3, 4].map((number) => getBatch(db, BatchNumber(number))))
  expect(batches.map(({ forcedBatchNumber, txCount }) => [forcedBatchNumber, txCount])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ])
  expect((await balanceOf(alice.address)).nonce).toBe(3n)
  await Promise.all([first.close(), second.close()])
})

test('stands in the sequence with its own fields, and regular batches around it with none', async () => {
  const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
  await pour(db, [await signTransfer(bob, 0)])
  await sequencer.collect(BatchNumber(2), forever())
  await force(1, await inBatch(alice, 0))
  await new Promise((resolve) => setTimeout(resolve, 600))
  await sequencer.collect(BatchNumber(3), forever())
  await pour(db, [await signTransfer(bob, 1)])
  await sequencer.collect(BatchNumber(4), forever())
  for (const batch of [2, 3, 4]) await check(batch)
  // Its contract knows the call that is usual with the fork.
  const rpc: L1Rpc = { call: async <Result>() => '0x' as Result, close() {} }
  const contract = addressOf(9)
  const contracts = { rollupManager: contract, rollup: contract, globalExitRoot: contract, pol: contract }
  const range = { fromBatch: BatchNumber(2), toBatch: BatchNumber(4) }
  const call = await buildSequence(db, { rpc, network: { contracts }, ...range })
  expect(call.batches.map(({ forcedTimestamp, forcedBlockHashL1 }) => [forcedTimestamp, forcedBlockHashL1])).toEqual([
    [0, ZERO_HASH],
    [FORCED_AT + 1, hashOf(10)],
    [0, ZERO_HASH],
  ])
  expect(call.maxSequenceTimestamp).toBe((await getClosedBatch(db, BatchNumber(4))).lastTimestamp)
  await sequencer.close()
})

test('seen on L1 as it was taken, it leaves the sequencer in peace; forced elsewhere after a reorg, it is made anew', async () => {
  const sequencer = createSequencer(db)
  await force(1, await inBatch(alice, 0))
  await sequencer.collect(BatchNumber(2), forever())
  const taken = await getClosedBatch(db, BatchNumber(2))
  const epoch = async () => (await db.select().from(leases))[0]?.epoch
  const before = await epoch()
  const place = { l1BlockNumber: 11, l1TxHash: hashOf(0x5e) }
  const fixed = { sequencer: COINBASE, coinbase: COINBASE, l1InfoRoot: hashOf(0x6e4), timestampLimit: FORCED_AT + 1 }
  const forced = { ...fixed, forcedBlockHashL1: hashOf(10) }
  await insertVirtualBatch(db, { batchNumber: BatchNumber(1), ...place, ...forced, accInputHash: ZERO_HASH })
  const apply = (inputs: typeof forced) =>
    db.transaction(async (tx) => {
      const batch = { batchNumber: BatchNumber(2), batchL2Data: taken.batchL2Data, kind: 'forced' as const, ...inputs }
      await applySequencedBatches(tx, new ChainTip(), [batch], { place, network: { chainId: 1001, forkId: 9 } })
      const { stateRoot } = await getClosedBatch(tx, BatchNumber(2))
      await tx.delete(virtualBatches).where(eq(virtualBatches.batchNumber, BatchNumber(2)))
      return stateRoot
    })
  expect(await apply(forced)).toBe(taken.stateRoot)
  expect(await epoch()).toBe(before)
  expect(await apply({ ...forced, timestampLimit: FORCED_AT + 5 })).not.toBe(taken.stateRoot)
  expect(await epoch()).toBe(before! + 1)
  await sequencer.close()
})

describe('a bad one takes its place and never blocks the next', () => {
  const poor = new Wallet(`0x${'77'.repeat(32)}`)
  const marker = encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 0 })
  const good = () => inBatch(alice, 0)
  // biome-ignore format: a table
  const cases: [string, () => Promise<Uint8Array>, { void: boolean; txCount: number; blockCount: number }][] = [
    ['broken RLP', async () => new Uint8Array([0xf8, 0xff, 1, 2, 3]), { void: true, txCount: 0, blockCount: 0 }],
    ['a good transaction and broken RLP', async () => concatBytes(await good(), new Uint8Array([0xc1])), { void: true, txCount: 0, blockCount: 0 }],
    ['5,000 bytes of noise', async () => new Uint8Array(5000).fill(0xee), { void: true, txCount: 0, blockCount: 0 }],
    ['a block marker before a good transaction', async () => concatBytes(marker, await good()), { void: true, txCount: 0, blockCount: 0 }],
    ['a block marker after a good transaction', async () => concatBytes(await good(), marker), { void: true, txCount: 0, blockCount: 0 }],
    ['nothing', async () => new Uint8Array(), { void: false, txCount: 0, blockCount: 0 }],
    ['a nonce too high', () => inBatch(alice, 7), { void: false, txCount: 0, blockCount: 1 }],
    ['no funds', () => inBatch(poor, 0), { void: false, txCount: 0, blockCount: 1 }],
    ['a value that nobody has', () => inBatch(alice, 0, { value: 10n ** 30n }), { void: false, txCount: 0, blockCount: 1 }],
    ['another chain’s transaction', () => inBatch(alice, 0, { chainId: 5 }), { void: false, txCount: 0, blockCount: 1 }],
    ['too little gas', () => inBatch(alice, 0, { gasLimit: 20_999n }), { void: false, txCount: 0, blockCount: 1 }],
    ['a bad transaction between good ones', async () => concatBytes(await good(), await inBatch(poor, 0), await inBatch(alice, 1)), { void: false, txCount: 2, blockCount: 1 }],
    ['the same transaction twice', async () => concatBytes(await good(), await good()), { void: false, txCount: 1, blockCount: 1 }],
  ]
  test.each(cases)('%s', async (_, build, expected) => {
    const sequencer = createSequencer(db, { batchMaxTransactions: 1 })
    await force(1, await build())
    await force(2, await inBatch(bob, 0))
    const before = await getClosedBatch(db, BatchNumber(1))
    expect(await sequencer.collect(BatchNumber(2), forever())).toMatchObject({ closingReason: 'Forced batch' })
    const bad = await getClosedBatch(db, BatchNumber(2))
    expect({ void: bad.invalidReason !== null, txCount: bad.txCount, blockCount: bad.blockCount }).toEqual(expected)
    if (expected.blockCount === 0) expect(bad.stateRoot).toBe(before.stateRoot)
    expect((await check(2)).stateRoot).toBe(bad.stateRoot)
    expect(await sequencer.collect(BatchNumber(3), forever())).toMatchObject({ txCount: 1, blockCount: 1 })
    await pour(db, [await signTransfer(bob, 1)])
    expect(await sequencer.collect(BatchNumber(4), forever())).toMatchObject({ txCount: 1 })
    for (const batch of [3, 4]) await check(batch)
    expect((await balanceOf(bob.address)).nonce).toBe(2n)
    await sequencer.close()
  })
})
