import { asc, eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeBatch, findBatch, getClosedBatch, openBatch } from '#db/batches.ts'
import { findBlocksOfBatch, getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { findCursor, findInfoLeaves, findLastInfoRoot, findLastVirtualBatch } from '#db/l1.ts'
import { findSignals } from '#db/outbox.ts'
import { findWitness } from '#db/proofs.ts'
import {
  accounts,
  forcedBatches,
  l1Blocks,
  l1InfoLeaves,
  l1Transactions,
  sequences,
  verifications,
  virtualBatches,
} from '#db/schema.ts'
import type { L1Event } from '#etherman/types.ts'
import { L1InfoTree, l1InfoLeafHash } from '#protocol/l1InfoTree.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { buildSmallChain, INFO_LEAVES, INFO_TREE, type SmallChain } from '#test/smallChain.ts'
import { ScriptedL1 } from './scriptedL1.fixture.ts'
import { Synchronizer } from './synchronizer.ts'

const [zero, one, two, three] = [0, 1, 2, 3].map(BatchNumber) as [BatchNumber, BatchNumber, BatchNumber, BatchNumber]
const network = { chainId: 1000, forkId: 9, l1StartBlock: 1 }
/** Published with the worked batch: after it, on the genesis with its one account. */
const WORKED_ROOT = '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97'
const WORKED_ACC_INPUT_HASH = '0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333'

let chain: SmallChain
let db: Database
let close: () => Promise<void>
let l1: ScriptedL1
let synchronizer: Synchronizer

beforeAll(async () => {
  chain = await buildSmallChain()
})
/** An L1 whose first block has the two info leaves of the small chain, and a State DB with genesis and that block. */
beforeEach(async () => {
  ;({ db, close } = await openTestDatabase())
  const { genesis } = chain
  await openBatch(db, { batchNumber: zero, kind: 'genesis', forkId: 9, coinbase: Address(WORKED_SENDER) })
  const block = { stateRoot: genesis.root, timestamp: 0 }
  await storeBlock(db, blockOf(0, 0, { block, changes: genesis.changes, newNodes: genesis.newNodes }))
  await closeBatch(db, { ...closing(zero), batchL2Data: new Uint8Array(), stateRoot: genesis.root, lastTimestamp: 0 })
  l1 = new ScriptedL1()
  const { number, ...first } = l1.mine()
  await db.insert(l1Blocks).values({ blockNumber: number, ...first, hasEvents: true })
  await db.insert(l1InfoLeaves).values(
    INFO_LEAVES.map((leaf, leafIndex) => ({
      ...{ leafIndex, l1BlockNumber: 1, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH, ...leaf },
      ...{ leafHash: l1InfoLeafHash(leaf), l1InfoRoot: INFO_TREE.rootAt(leafIndex + 1) },
    })),
  )
  restart()
})
afterEach(() => close())

/** As after a restart of the process: nothing is in memory. */
function restart(options: { maxBlockRange?: number; l1StartBlock?: number } = {}) {
  const { maxBlockRange = 100, l1StartBlock = 1 } = options
  const logger = pino({ level: 'silent' })
  synchronizer = new Synchronizer({ db, etherman: l1, network: { ...network, l1StartBlock }, maxBlockRange, logger })
}
const poll = () => synchronizer.poll(() => {})

const closing = (batchNumber: BatchNumber) => ({ batchNumber, closingReason: 'test', localExitRoot: ZERO_HASH })
const notForced = { forcedGlobalExitRoot: ZERO_HASH, forcedTimestamp: 0, forcedBlockHashL1: ZERO_HASH }
const dataOf = (index: 0 | 1) => chain.batches[index].job.inputs.batchL2Data

type Sequence = Extract<L1Event, { kind: 'sequence' }>
/** Both batches of the small chain, as the sequencer would send them. */
function sequence(batchL2Data = [dataOf(0), dataOf(1)], changed: Partial<Sequence> = {}): Sequence {
  const { l1InfoRoot, timestampLimit, coinbase } = chain.batches[0].job.inputs
  return {
    ...{ kind: 'sequence', toBatch: batchL2Data.length, l1InfoRoot, timestampLimit, coinbase, sequencer: coinbase },
    batches: batchL2Data.map((data) => ({ batchL2Data: data, ...notForced })),
    ...{ txHash: hashOf(0x5e9), ...changed },
  }
}
const verification = (toBatch: number, stateRoot: Hash, changed: object = {}): L1Event => ({
  ...{ kind: 'verification', toBatch, stateRoot, exitRoot: ZERO_HASH, aggregator: addressOf(0xa6), trusted: true },
  ...{ txHash: hashOf(0x7e1), ...changed },
})
const rootAfter = (index: 0 | 1) => chain.batches[index].job.claimed.newStateRoot

/** Batch 1 as the sequencer closes it, without L1. */
async function closeOwnBatch(changed: { batchL2Data?: Uint8Array; lastTimestamp?: number } = {}) {
  const { job, blocks } = chain.batches[0]
  await openBatch(db, { batchNumber: one, kind: 'trusted', forkId: 9, coinbase: job.inputs.coinbase })
  for (const block of blocks)
    await storeBlock(db, blockOf(block.number, 1, { block, changes: block.stateDiff, newNodes: block.newNodes }))
  const lastTimestamp = blocks.at(-1)!.timestamp
  await closeBatch(db, {
    ...{ ...closing(one), batchL2Data: dataOf(0), stateRoot: rootAfter(0), lastTimestamp, ...changed },
  })
}
const signals = async () => (await findSignals(db)).map(({ workflowId, signal }) => `${signal} → ${workflowId}`)
const place = { l1BlockNumber: 2, l1TxHash: hashOf(0x5e9) }

test('batches this node does not have are executed and stored, checked, with witness and place on L1', async () => {
  l1.mine([sequence()])
  expect(await poll()).toEqual({ position: 2, target: 2 })
  const first = await getClosedBatch(db, one)
  expect(first).toMatchObject({
    kind: 'synced',
    stateRoot: WORKED_ROOT,
    blockCount: 2,
    txCount: 5,
    invalidReason: null,
  })
  expect(first.checkedAt).not.toBeNull()
  expect(Buffer.from(first.batchL2Data)).toEqual(Buffer.from(dataOf(0)))
  expect((await getClosedBatch(db, two)).stateRoot).toBe(rootAfter(1))
  const virtual = await db.select().from(virtualBatches).orderBy(asc(virtualBatches.batchNumber))
  expect(virtual).toMatchObject([
    { batchNumber: 1, ...place, accInputHash: WORKED_ACC_INPUT_HASH },
    { batchNumber: 2, ...place, accInputHash: chain.batches[1].job.claimed.newAccInputHash },
  ])
  expect(await db.select().from(sequences)).toMatchObject([{ fromBatch: 1, toBatch: 2, ...place }])
  for (const { job } of chain.batches)
    expect(await findWitness(db, job.inputs.batchNumber, job.inputs.oldStateRoot)).toEqual(Buffer.from(job.witness))
  expect(await findSignals(db)).toMatchObject([
    { workflowId: 'batch-1', signal: 'l1Virtualized', args: [place], batchNumber: 1 },
    { workflowId: 'batch-2', signal: 'l1Virtualized', args: [place], batchNumber: 2 },
    { workflowId: 'sequence-sender', signal: 'l1Progressed', args: [] },
  ])
})

test('L2 blocks from L1 are chained by their hashes', async () => {
  l1.mine([sequence()])
  await poll()
  const [blocks, more] = [await findBlocksOfBatch(db, one), await findBlocksOfBatch(db, two)]
  const all = [...blocks, ...more]
  expect(all.map(({ blockNumber }) => blockNumber)).toEqual([1, 2, 3])
  expect(all.map(({ parentHash }) => parentHash)).toEqual([hashOf(1000), all[0]!.hash, all[1]!.hash])
})

test('a batch that was closed here only gets its place on L1', async () => {
  await closeOwnBatch()
  const before = await getClosedBatch(db, one)
  l1.mine([sequence([dataOf(0)])])
  await poll()
  expect(await getClosedBatch(db, one)).toEqual(before)
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 1, accInputHash: WORKED_ACC_INPUT_HASH })
})

test.each<[string, () => Promise<void>, () => L1Event, string]>([
  [
    'the content',
    () => closeOwnBatch({ batchL2Data: Uint8Array.of(1) }),
    () => sequence([dataOf(0)]),
    'another content for a batch',
  ],
  ['the fee receiver', closeOwnBatch, () => sequence([dataOf(0)], { coinbase: addressOf(0xbad) }), 'another content'],
  ['the time limit', closeOwnBatch, () => sequence([dataOf(0)], { timestampLimit: 1_699_000_000 }), 'time limit'],
  [
    'its being forced',
    closeOwnBatch,
    () => ({
      ...{ kind: 'sequenceForceBatches', toBatch: 1, coinbase: addressOf(0xee), txHash: hashOf(1) },
      batches: [
        { batchL2Data: dataOf(0), forcedGlobalExitRoot: hashOf(1), forcedTimestamp: 5, forcedBlockHashL1: hashOf(2) },
      ],
    }),
    'as a forced one',
  ],
  [
    'a batch that is still open',
    () => openBatch(db, { batchNumber: one, kind: 'trusted', forkId: 9, coinbase: addressOf(0xee) }),
    () => sequence([dataOf(0)]),
    'still being filled',
  ],
])('a batch on L1 that differs from ours in %s stops the reading, with both values', async (_, own, event, reason) => {
  await own()
  l1.mine([event()])
  await expect(poll()).rejects.toMatchObject({ name: 'TrustedBatchMismatchError' })
  await expect(poll()).rejects.toThrow(reason)
  await expect(poll()).rejects.toThrow(/batchNumber=1 ours=.* onL1=0x/)
  expect(await findLastVirtualBatch(db)).toBeUndefined()
  expect(await findCursor(db)).toBeUndefined()
})

test('data that cannot be read is a batch without blocks: it counts, the state stays', async () => {
  l1.mine([sequence([Uint8Array.of(0x0b, 1, 2), dataOf(0)])])
  await poll()
  const void1 = await getClosedBatch(db, one)
  expect(void1).toMatchObject({ stateRoot: chain.genesis.root, blockCount: 0, lastTimestamp: 0 })
  expect(void1.invalidReason).toBeTruthy()
  expect((await getClosedBatch(db, two)).stateRoot).toBe(WORKED_ROOT)
})

test('an accumulated input hash that the contract does not have stops the reading and leaves no trace', async () => {
  l1.mine([sequence()])
  l1.accInputHashes.set(2, hashOf(0xbad))
  await expect(poll()).rejects.toMatchObject({ name: 'AccInputHashMismatchError' })
  await expect(poll()).rejects.toThrow(`onL1=${hashOf(0xbad)}`)
  expect(await findBatch(db, one)).toBeUndefined()
  expect(await findSignals(db)).toEqual([])
  expect((await getLastBlock(db)).blockNumber).toBe(0)
  l1.accInputHashes.clear()
  await poll()
  expect((await getClosedBatch(db, two)).stateRoot).toBe(rootAfter(1))
})

test('an L1 info root that the leaves do not lead to stops the reading', async () => {
  l1.mine([sequence([dataOf(0)], { l1InfoRoot: hashOf(0xbad) })])
  await expect(poll()).rejects.toMatchObject({ name: 'L1InfoRootMismatchError' })
})

test('a sequence whose predecessors were not read stops the reading', async () => {
  l1.mine([sequence([dataOf(0)], { toBatch: 7 })])
  await expect(poll()).rejects.toMatchObject({ name: 'SequenceGapError' })
})

test('leaves of the L1 info tree continue those in the database, also after a restart', async () => {
  const leaf = (number: number): L1Event => ({
    ...{ kind: 'l1InfoLeaf', mainnetExitRoot: hashOf(number), rollupExitRoot: ZERO_HASH },
  })
  l1.mine([leaf(1), leaf(2)])
  await poll()
  restart()
  l1.mine([leaf(3)])
  await poll()
  const rows = await db.select().from(l1InfoLeaves).orderBy(asc(l1InfoLeaves.leafIndex))
  expect(rows.map(({ leafIndex }) => leafIndex)).toEqual([0, 1, 2, 3, 4])
  const tree = new L1InfoTree(rows.map(({ leafHash }) => leafHash))
  expect(rows.map(({ l1InfoRoot }) => l1InfoRoot)).toEqual([1, 2, 3, 4, 5].map((count) => tree.rootAt(count)))
  const [second, third] = [await l1.getBlock(2), await l1.getBlock(3)]
  expect(rows[2]).toMatchObject({ blockHashL1: second!.parentHash, timestamp: second!.timestamp, l1BlockNumber: 2 })
  expect(rows[4]).toMatchObject({ blockHashL1: third!.parentHash, timestamp: third!.timestamp, l1BlockNumber: 3 })
})

test('a verification is stored and told to its batches and to the aggregator', async () => {
  l1.mine([sequence()])
  l1.mine([verification(2, rootAfter(1))])
  await poll()
  expect(await db.select().from(verifications)).toMatchObject([{ fromBatch: 1, toBatch: 2, trusted: true }])
  expect((await signals()).slice(3)).toEqual([
    'l1Verified → batch-1',
    'l1Verified → batch-2',
    'l1Progressed → aggregator',
  ])
})

test('what anyone verified, the trusted aggregator may verify again, in other steps', async () => {
  l1.mine([sequence([dataOf(0)]), sequence([dataOf(1)], { toBatch: 2 })])
  l1.mine([verification(2, rootAfter(1), { trusted: false })])
  l1.mine([verification(1, rootAfter(0)), verification(2, rootAfter(1))])
  await poll()
  expect(await db.select().from(verifications).orderBy(asc(verifications.toBatch))).toMatchObject([
    { fromBatch: 1, toBatch: 1, trusted: true, l1BlockNumber: 4 },
    { fromBatch: 2, toBatch: 2, trusted: true, l1BlockNumber: 4 },
  ])
})

test.each([
  ['state root', () => verification(2, hashOf(0xbad))],
  ['exit root', () => verification(2, rootAfter(1), { exitRoot: hashOf(0xbad) })],
])('a verified %s that is not ours stops the reading, with both values', async (_, event) => {
  l1.mine([sequence()])
  l1.mine([event()])
  await expect(poll()).rejects.toMatchObject({ name: 'StateRootMismatchError' })
  await expect(poll()).rejects.toThrow(hashOf(0xbad))
  expect(await db.select().from(verifications)).toEqual([])
  expect((await findCursor(db))!.position).toBe(2)
})

test('a forced batch waits, and is executed when it is sequenced', async () => {
  const forced = chain.batches[0].job.inputs.batchL2Data.slice(9, 9 + 0)
  const forcing = l1.mine([
    {
      ...{ kind: 'forceBatch', forcedBatchNumber: 1, batchL2Data: forced, lastGlobalExitRoot: hashOf(0x6e4) },
      ...{ sender: addressOf(0xf0), txHash: hashOf(0xf0) },
    },
  ])
  const batch = {
    ...{ batchL2Data: forced, forcedGlobalExitRoot: hashOf(0x6e4), forcedTimestamp: forcing.timestamp },
    forcedBlockHashL1: forcing.parentHash,
  }
  l1.mine([
    { kind: 'sequenceForceBatches', toBatch: 1, batches: [batch], coinbase: addressOf(0xf0), txHash: hashOf(1) },
  ])
  l1.mine([sequence([dataOf(0)], { toBatch: 2 })])
  await poll()
  expect(await db.select().from(forcedBatches)).toMatchObject([
    { forcedBatchNumber: 1, forcedTimestamp: forcing.timestamp, forcedBlockHashL1: forcing.parentHash },
  ])
  expect(await getClosedBatch(db, one)).toMatchObject({ kind: 'forced', forcedBatchNumber: 1 })
  expect(await getClosedBatch(db, two)).toMatchObject({ kind: 'synced', forcedBatchNumber: null })
})

test('ranges shrink when an endpoint refuses them, and grow again', async () => {
  l1.mineEmpty(20)
  l1.maxRange = 3
  restart({ maxBlockRange: 8 })
  expect(await poll()).toEqual({ position: 21, target: 21 })
  const sizes = l1.ranges.map(({ fromBlock, toBlock }) => toBlock - fromBlock + 1)
  expect(sizes.slice(0, 6)).toEqual([8, 4, 2, 4, 2, 4])
  expect(await db.select().from(l1Blocks)).toMatchObject([{ blockNumber: 1 }, { blockNumber: 21, hasEvents: false }])
})

test('an endpoint that refuses even one block is an error, not an endless loop', async () => {
  l1.maxRange = 0
  await expect(poll()).rejects.toMatchObject({ name: 'RangeRefusedError' })
})

test.each([1, 5])('a reorg of depth %i takes back what is gone and applies what is there now', async (depth) => {
  l1.mineEmpty(3)
  const mined = l1.mine([sequence([dataOf(0)])])
  l1.mineEmpty(depth - 1)
  await poll()
  await db.insert(l1Transactions).values(sentSequence(mined.number))
  const before = (await findSignals(db)).length

  const dropped = l1.drop(depth)
  l1.mineEmpty(depth)
  expect(await poll()).toMatchObject({ position: 4 + depth })
  expect(await findLastVirtualBatch(db)).toBeUndefined()
  expect(await db.select().from(sequences)).toEqual([])
  expect((await signals()).slice(before)).toEqual([
    'l1Reorged → batch-1',
    'l1Progressed → sequence-sender',
    'l1Progressed → aggregator',
  ])
  const [transaction] = await db.select().from(l1Transactions)
  expect(transaction).toMatchObject({ status: 'sent', l1BlockNumber: null })

  const again = l1.mine(dropped)
  await poll()
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 1, l1BlockNumber: again.number })
  expect((await getClosedBatch(db, one)).stateRoot).toBe(WORKED_ROOT)
})

const sentSequence = (l1BlockNumber: number) => ({
  ...{ id: 'sequence-1-1', purpose: 'sequence' as const, fromBatch: one, toBatch: one, sender: addressOf(1) },
  ...{
    recipient: addressOf(2),
    nonce: 0,
    data: new Uint8Array(),
    gasLimit: 1,
    status: 'mined' as const,
    l1BlockNumber,
  },
})

test('leaves of a dropped chain make room for others', async () => {
  const leaf = (number: number): L1Event => ({
    ...{ kind: 'l1InfoLeaf', mainnetExitRoot: hashOf(number), rollupExitRoot: ZERO_HASH },
  })
  l1.mine([leaf(1), leaf(2)])
  await poll()
  l1.drop(1)
  l1.mine([leaf(3)])
  l1.mine([leaf(4)])
  await poll()
  const leaves = await findInfoLeaves(db)
  expect(leaves).toHaveLength(4)
  expect(await findLastInfoRoot(db)).toBe(new L1InfoTree(leaves.map(({ leafHash }) => leafHash)).root)
})

test('after a reorg with other content, batches that came from L1 are made anew', async () => {
  l1.mine([sequence()])
  await poll()
  l1.drop(1)
  l1.mine([sequence([Uint8Array.of(0xff), dataOf(0)], { toBatch: 2 })])
  await poll()
  expect((await getClosedBatch(db, one)).stateRoot).toBe(chain.genesis.root)
  expect((await getClosedBatch(db, two)).stateRoot).toBe(WORKED_ROOT)
  expect((await getLastBlock(db)).blockNumber).toBe(2)
  expect(
    await db
      .select()
      .from(accounts)
      .where(eq(accounts.blockNumber, 3 as never)),
  ).toEqual([])
})

test('… but not under a batch of the sequencer', async () => {
  l1.mine([sequence([dataOf(0)])])
  await poll()
  await openBatch(db, { batchNumber: two, kind: 'trusted', forkId: 9, coinbase: addressOf(0xee) })
  l1.drop(1)
  l1.mine([sequence([Uint8Array.of(0xff)])])
  await expect(poll()).rejects.toThrow('the sequencer has built on')
  expect((await getClosedBatch(db, one)).stateRoot).toBe(WORKED_ROOT)
})

test('a reorg while events are read is noticed before anything is applied', async () => {
  l1.mineEmpty(2)
  await poll()
  l1.mine([sequence([dataOf(0)])])
  l1.onReadEvents = () => {
    l1.onReadEvents = () => {}
    const dropped = l1.drop(2) // the newest stored block too
    l1.mine()
    l1.mine(dropped)
  }
  expect(await poll()).toMatchObject({ position: 3 })
  expect(await findLastVirtualBatch(db)).toBeUndefined()
  expect(await poll()).toMatchObject({ position: 4 })
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 1, l1BlockNumber: 4 })
  const [newest] = await db.select().from(l1Blocks).where(eq(l1Blocks.blockNumber, 4))
  expect(newest!.hash).toBe((await l1.getBlock(4))!.hash)
})

test('a mismatch with a block that L1 has dropped meanwhile is no mismatch', async () => {
  await closeOwnBatch()
  const wrong = l1.mine([sequence([Uint8Array.of(1)])])
  const readSequencedBatches = l1.getBlock.bind(l1)
  let asked = 0
  // The block is gone after its events were read: only the question that follows the failure sees it.
  l1.getBlock = async (tag) => (tag === wrong.number && ++asked > 2 ? undefined : await readSequencedBatches(tag))
  expect(await poll()).toMatchObject({ position: 0 })
})

test('an endpoint that is behind is no reorg', async () => {
  l1.mine([sequence([dataOf(0)])])
  l1.mineEmpty(2)
  await poll()
  const before = await signals()
  l1.visibleHead = 2
  expect(await poll()).toEqual({ position: 4, target: 2 })
  l1.visibleHead = 1
  await poll()
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 1 })
  expect(await signals()).toEqual(before)
})

test('a process that dies between two L1 blocks goes on with the second', async () => {
  l1.mine([sequence([dataOf(0)])])
  l1.mine([sequence([dataOf(1)], { toBatch: 2 })])
  l1.accInputHashes.set(2, hashOf(0xbad)) // the second fails
  await expect(poll()).rejects.toThrow()
  expect((await findCursor(db))!.position).toBe(2)
  l1.accInputHashes.clear()
  restart()
  l1.ranges.length = 0
  await poll()
  expect(l1.ranges).toEqual([{ fromBlock: 3, toBlock: 3 }])
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 2 })
})

test('an aborted signal ends the reading after the range', async () => {
  l1.mineEmpty(9)
  restart({ maxBlockRange: 2 })
  const controller = new AbortController()
  const progress = await synchronizer.poll(() => controller.abort(), controller.signal)
  expect(progress).toEqual({ position: 2, target: 10 })
})

test('the batch after a reorged one is refused until the first is there again', async () => {
  l1.mine([sequence()])
  await poll()
  expect(await findBatch(db, three)).toBeUndefined()
})
