import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeBatch, markBatchChecked, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { storeL1Block } from '#db/l1.ts'
import { forcedBatches, l1InfoLeaves } from '#db/schema.ts'
import { L1RpcError } from '#etherman/errors.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { buildSequence, SequenceInputsMissingError } from './sequenceInputs.ts'

const [coinbase, rollup] = [addressOf(0xc0), addressOf(0x10)]
const dataOf = (number: number) => Buffer.of(number)
/** The contract's running hash before the sequence. */
const rpc: L1Rpc = { call: async <Result>() => hashOf(77) as Result, close() {} }

let db: Database
let close: () => Promise<void>

/** 2, 3 and 4 of fork 9, where 3 is forced and 4 names a forced batch that L1 has not; 12 of fork 12. */
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  for (const [number, forkId, forcedBatchNumber] of [
    [2, 9],
    [3, 9, 1],
    [4, 9, 2],
    [12, 12],
    [13, 12, 1],
  ] as const) {
    const batchNumber = BatchNumber(number)
    const forced = forcedBatchNumber === undefined ? {} : { forcedBatchNumber }
    await openBatch(db, { batchNumber, kind: 'trusted', forkId, coinbase, ...forced })
    await closeBatch(db, {
      ...{ batchNumber, closingReason: 'test', batchL2Data: dataOf(number), stateRoot: hashOf(1) },
      ...{ localExitRoot: ZERO_HASH, lastTimestamp: 1000 + number },
    })
    await markBatchChecked(db, batchNumber)
  }
  await storeL1Block(db, { number: 10, hash: hashOf(10), parentHash: hashOf(9), timestamp: 900 }, true)
  await db.insert(forcedBatches).values({
    ...{ forcedBatchNumber: 1, l1BlockNumber: 10, l1TxHash: hashOf(11), sender: coinbase, batchL2Data: dataOf(3) },
    ...{ forcedGlobalExitRoot: hashOf(51), forcedTimestamp: 900, forcedBlockHashL1: hashOf(9) },
  })
})
afterAll(() => close())

const build = (from: number, to: number, l1 = rpc) =>
  buildSequence(db, {
    ...{ rpc: l1, network: { contracts: { rollup, rollupManager: rollup, globalExitRoot: rollup, pol: rollup } } },
    ...{ fromBatch: BatchNumber(from), toBatch: BatchNumber(to) },
  })
const regular = { forcedGlobalExitRoot: ZERO_HASH, forcedTimestamp: 0, forcedBlockHashL1: ZERO_HASH }
const forced = { forcedGlobalExitRoot: hashOf(51), forcedTimestamp: 900, forcedBlockHashL1: hashOf(9) }

test('fork 9: the newest block limits the time, forced batches carry what L1 keeps of them', async () => {
  expect(await build(2, 2)).toEqual({
    ...{ form: 'elderberry', coinbase, maxSequenceTimestamp: 1002, initSequencedBatch: 1 },
    batches: [{ batchL2Data: dataOf(2), ...regular }],
  })
  expect(await build(3, 3)).toMatchObject({ maxSequenceTimestamp: 900, initSequencedBatch: 2 })
  expect(await build(2, 3)).toMatchObject({
    maxSequenceTimestamp: 1002,
    batches: [{ ...regular }, { batchL2Data: dataOf(3), ...forced }],
  })
})

test('waits for what is not known', async () => {
  await expect(build(4, 4)).rejects.toThrow(SequenceInputsMissingError)
})

test('fork 12: an info tree without leaves has a root too', async () => {
  const ours = { coinbase, timestampLimit: 1012, l1InfoRoot: EMPTY_TREE_ROOT, forcedBlockHashL1: ZERO_HASH }
  expect(await build(12, 12)).toMatchObject({
    l1InfoTreeLeafCount: 0,
    expectedFinalAccInputHash: accInputHash({
      ...{ ...ours, oldAccInputHash: hashOf(77), batchL2DataHash: keccakHex(dataOf(12)) },
    }),
  })
})

test('a rollup of fork 12 on contracts before it is sequenced in their form', async () => {
  const call = async <Result>(_method: string, [{ data }]: readonly [{ data: string }]): Promise<Result> => {
    if (data.startsWith('0xdef57e54')) throw new L1RpcError('eth_call', { code: 3, message: '', data: '0xcb591a5f' })
    throw new L1RpcError('eth_call', { code: 3, message: 'execution reverted', data: '0x' })
  }
  const old = { call, close() {} } as unknown as L1Rpc
  expect(await build(12, 12, old)).toMatchObject({ form: 'elderberry', initSequencedBatch: 11 })
})

test('fork 12: names the info root by its number of leaves, and what the running hash will be', async () => {
  await db.insert(l1InfoLeaves).values(
    [0, 1].map((leafIndex) => ({
      ...{ leafIndex, l1BlockNumber: 10, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH, timestamp: 900 },
      ...{ globalExitRoot: hashOf(1), blockHashL1: hashOf(9), leafHash: hashOf(2), l1InfoRoot: hashOf(60 + leafIndex) },
    })),
  )
  const ours = { coinbase, timestampLimit: 1012, l1InfoRoot: hashOf(61), forcedBlockHashL1: ZERO_HASH }
  const first = accInputHash({ ...ours, oldAccInputHash: hashOf(77), batchL2DataHash: keccakHex(dataOf(12)) })
  expect(await build(12, 12)).toEqual({
    ...{ form: 'banana', coinbase, maxSequenceTimestamp: 1012, l1InfoTreeLeafCount: 2 },
    ...{ expectedFinalAccInputHash: first, batches: [{ batchL2Data: dataOf(12), ...regular }] },
  })
  const second = accInputHash({
    ...{ oldAccInputHash: first, batchL2DataHash: keccakHex(dataOf(13)), l1InfoRoot: hashOf(51), coinbase },
    ...{ timestampLimit: 900, forcedBlockHashL1: hashOf(9) },
  })
  expect((await build(12, 13)).expectedFinalAccInputHash).toBe(second)
})
