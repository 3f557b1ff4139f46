import { asc, eq, gte } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeBatch, findBatch, getClosedBatch, growBatch, openBatch } from '#db/batches.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import { findCursor, findInfoLeaves, findLastInfoRoot, findLastVirtualBatch } from '#db/l1.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { accounts, l1Blocks, l1InfoLeaves, l1Transactions, removedBlocks, sequences } from '#db/schema.ts'
import { L1UnavailableError } from '#etherman/errors.ts'
import type { L1BlockTag } from '#etherman/types.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'
import { BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import type { Progress } from './catchUp.ts'
import { infoLeaf, one, SynchronizerFixture, two, WORKED_ROOT } from './fixture.ts'

let node: SynchronizerFixture
beforeAll(async () => {
  node = await SynchronizerFixture.open()
})
beforeEach(() => node.reset())
afterAll(() => node.close())

test('ranges shrink when an endpoint refuses them, and grow again', async () => {
  node.l1.mineEmpty(20)
  node.l1.maxRange = 3
  node.restart({ maxBlockRange: 8 })
  expect(await node.poll()).toEqual({ position: 21, target: 21 })
  expect(rangeSizes().slice(0, 6)).toEqual([8, 4, 2, 2, 2, 2])
  expect(await node.db.select().from(l1Blocks)).toMatchObject([
    { blockNumber: 1 },
    { blockNumber: 21, hasEvents: false },
  ])
  node.l1.maxRange = 100
  node.l1.mineEmpty(100)
  await node.poll()
  expect(Math.max(...rangeSizes().slice(-4))).toBe(8)
})

const rangeSizes = () => node.l1.ranges.map(({ fromBlock, toBlock }) => toBlock - fromBlock + 1)

test('a range that the endpoint names is taken up', async () => {
  node.l1.mineEmpty(20)
  Object.assign(node.l1, { maxRange: 7, allowedBlocks: 7 })
  node.restart({ maxBlockRange: 16 })
  await node.poll()
  expect(rangeSizes()).toEqual([16, 7, 7, 7])
})

test('several ranges are read at once, and applied in order', async () => {
  node.l1.mineEmpty(5)
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mineEmpty(5)
  node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  node.l1.mineEmpty(8)
  node.restart({ maxBlockRange: 2 })
  const readEvents = node.l1.readEvents.bind(node.l1)
  let [underWay, most] = [0, 0]
  node.l1.readEvents = async (range) => {
    most = Math.max(most, ++underWay)
    const found = await readEvents(range)
    // Later ones answer sooner.
    await new Promise((resolve) => setTimeout(resolve, 60 - 2 * range.fromBlock))
    underWay--
    return found
  }
  const positions: number[] = []
  await node.synchronizer.poll(({ position }) => positions.push(position))
  expect(most).toBe(4)
  expect(positions).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21])
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 2 })
})

test('one that fails is read again, with what was read ahead of it', async () => {
  node.l1.mineEmpty(20)
  node.restart({ maxBlockRange: 2 })
  node.l1.onReadEvents = ({ fromBlock }) => {
    if (fromBlock === 5) throw new L1UnavailableError('away')
  }
  await expect(node.poll()).rejects.toThrow(L1UnavailableError)
  expect((await findCursor(node.db))!.position).toBe(4)
  node.l1.onReadEvents = () => {}
  expect(await node.poll()).toEqual({ position: 21, target: 21 })
})

test.each(['safe', 'finalized'] as const)('the state can follow the block that L1 calls %s', async (follow) => {
  node.restart({ follow })
  node.l1.tags[follow] = 1
  node.l1.mine([node.sequence([node.dataOf(0)])])
  expect(await node.poll()).toEqual({ position: 1, target: 1 })
  expect(await findLastVirtualBatch(node.db)).toBeUndefined()
  node.l1.tags[follow] = 2
  expect(await node.poll()).toEqual({ position: 2, target: 2 })
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1 })
})

test('without such a tag it follows at the usual distance', async () => {
  node.restart({ follow: 'safe' })
  node.l1.mineEmpty(20)
  expect(await node.poll()).toMatchObject({ target: 0 })
  node.l1.mineEmpty(20)
  expect(await node.poll()).toEqual({ position: 9, target: 9 })
})

test('a long reading tells where it began, how far it is and how long it will take', async () => {
  node.l1.mineEmpty(29)
  node.restart({ maxBlockRange: 5 })
  const told: Progress[] = []
  await node.synchronizer.poll((progress) => told.push(progress))
  expect(told.map(({ etaSeconds }) => etaSeconds)).toEqual([...new Array(5).fill(expect.any(Number)), undefined])
  expect(await readL1Progress(node.db)).toMatchObject({ start: 0, position: 30, target: 30, etaSeconds: 0 })
})

test('an endpoint that refuses even one block is an error, not an endless loop', async () => {
  node.l1.maxRange = 0
  await expect(node.poll()).rejects.toMatchObject({ name: 'RangeRefusedError' })
})

test.each([1, 5])('a reorg of depth %i takes back what is gone and applies what is there now', async (depth) => {
  let reorgs = 0
  node.restart({ onReorg: () => reorgs++ })
  node.l1.mineEmpty(3)
  const mined = node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mineEmpty(depth - 1)
  await node.poll()
  await node.db.insert(l1Transactions).values(sentSequence(mined.number))
  const before = (await node.signals()).length

  const dropped = node.l1.drop(depth)
  node.l1.mineEmpty(depth)
  expect(await node.poll()).toMatchObject({ position: 4 + depth })
  expect(reorgs).toBe(1)
  expect(await findLastVirtualBatch(node.db)).toBeUndefined()
  expect(await node.db.select().from(sequences)).toEqual([])
  expect((await node.signals()).slice(before)).toEqual([
    'l1Reorged → batch-1',
    'l1Progressed → sequence-sender',
    'l1Progressed → aggregator',
  ])
  const [transaction] = await node.db.select().from(l1Transactions)
  expect(transaction).toMatchObject({ status: 'sent', l1BlockNumber: null })

  const again = node.l1.mine(dropped)
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1, l1BlockNumber: again.number })
  expect((await getClosedBatch(node.db, one)).stateRoot).toBe(WORKED_ROOT)
})

test('of our L1 transactions, what the dropped blocks settled is open again, whatever its outcome', async () => {
  const kept = node.l1.mine([node.sequence([node.dataOf(0)])])
  const dropped = node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  await node.poll()
  await node.db.insert(l1Transactions).values([
    { ...sentSequence(kept.number), id: 'sequence-1-1', nonce: 0 },
    { ...sentSequence(dropped.number), id: 'sequence-2-2', nonce: 1, status: 'reverted', error: 'out of gas' },
    { ...sentSequence(dropped.number), id: 'sequence-2-2#2', nonce: 2 },
  ])
  node.l1.drop(1)
  node.l1.mine()
  await node.poll()
  expect(await node.db.select().from(l1Transactions).orderBy(asc(l1Transactions.nonce))).toMatchObject([
    { id: 'sequence-1-1', status: 'mined', l1BlockNumber: kept.number },
    { id: 'sequence-2-2', status: 'sent', l1BlockNumber: null, error: null },
    { id: 'sequence-2-2#2', status: 'sent', l1BlockNumber: null },
  ])
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

test('a transaction of ours that was mined where a reorg came before the reading is open again, and told', async () => {
  await node.db.insert(l1Transactions).values([
    { ...sentSequence(2), id: 'verify-1-1', purpose: 'verify', nonce: 1 },
    { ...sentSequence(3), id: 'sequence-1-1', nonce: 2 },
  ])
  node.l1.mine()
  await node.poll()
  const statuses = async () =>
    (await node.db.select().from(l1Transactions)).map(({ id, status }) => [id, status]).sort()
  expect(await statuses()).toEqual([
    ['sequence-1-1', 'mined'], // in a block that is still to be read
    ['verify-1-1', 'sent'],
  ])
  expect(await node.signals()).toEqual(['l1Progressed → sequence-sender', 'l1Progressed → aggregator'])
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  expect((await statuses())[0]).toEqual(['sequence-1-1', 'mined'])
})

test('leaves of a dropped chain make room for others', async () => {
  node.l1.mine([infoLeaf(1), infoLeaf(2)])
  await node.poll()
  node.l1.drop(1)
  node.l1.mine([infoLeaf(3)])
  node.l1.mine([infoLeaf(4)])
  await node.poll()
  const leaves = await findInfoLeaves(node.db)
  expect(leaves).toHaveLength(4)
  expect(await findLastInfoRoot(node.db)).toBe(new L1InfoTree(leaves.map(({ leafHash }) => leafHash)).root)
})

test('after a reorg with other content, batches that came from L1 are made anew', async () => {
  node.l1.mine([node.sequence()])
  await node.poll()
  node.l1.drop(1)
  node.l1.mine([node.sequence([Uint8Array.of(0xff), node.dataOf(0)], { toBatch: 2 })])
  await node.poll()
  expect((await getClosedBatch(node.db, one)).stateRoot).toBe(node.chain.genesis.root)
  expect((await getClosedBatch(node.db, two)).stateRoot).toBe(WORKED_ROOT)
  expect((await getLastBlock(node.db)).blockNumber).toBe(2)
  const later = gte(accounts.blockNumber, BlockNumber(3))
  expect(await node.db.select().from(accounts).where(later)).toEqual([])
})

test('… and with them what the sequencer built on them', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  await openBatch(node.db, { batchNumber: two, kind: 'trusted', forkId: 9, coinbase: addressOf(0xee) })
  await growBatch(node.db, two, { txCount: 1, timestamp: 1_700_000_050, counters: {} })
  node.l1.drop(1)
  node.l1.mine([node.sequence([Uint8Array.of(0xff)])])
  await node.poll()
  expect((await getClosedBatch(node.db, one)).stateRoot).toBe(node.chain.genesis.root)
  expect(await findBatch(node.db, two)).toBeUndefined()
})

test.each([
  ['as it was', () => [infoLeaf(7)], 0, ['l1Progressed → sequence-sender', 'l1Progressed → aggregator']],
  ['as another one', () => [infoLeaf(8)], 1, undefined],
  ['no more', () => [], 1, undefined],
  ['one L1 block later', () => [], 1, undefined],
])('a leaf that a reorg took and that comes back %s', async (how, events, undone, told) => {
  node.l1.mine([infoLeaf(7)])
  await node.poll()
  const leaf = (await node.db.select().from(l1InfoLeaves)).find(({ leafIndex }) => leafIndex === 2)!
  const { globalExitRoot, blockHashL1: l1BlockHash } = leaf
  await openBatch(node.db, { batchNumber: one, kind: 'trusted', forkId: 9, coinbase: addressOf(0xee) })
  const block = { l1InfoIndex: 2, globalExitRoot, l1BlockHash }
  await storeBlock(node.db, blockOf(1, 1, { block }))
  const closing = { closingReason: 'test', batchL2Data: new Uint8Array(9), localExitRoot: ZERO_HASH }
  await closeBatch(node.db, { batchNumber: one, ...closing, stateRoot: hashOf(1), lastTimestamp: 1_700_000_001 })
  node.l1.drop(1)
  node.l1.mine(events())
  if (how === 'one L1 block later') node.l1.mine([infoLeaf(7)])
  await node.poll()
  expect(await node.db.select().from(removedBlocks)).toHaveLength(undone)
  expect((await findBatch(node.db, one)) === undefined).toBe(undone === 1)
  expect(await node.signals()).toEqual(
    told ?? [
      ...['l1Progressed → sequence-sender', 'l1Progressed → aggregator'],
      ...['trustedBatchReplaced → batch-1', 'trustedBatchesReplaced → synchronizer'],
      ...['l1Progressed → sequence-sender', 'l1Progressed → aggregator'],
    ],
  )
})

test('a process that dies between a reorg and the undoing of what rested on it does it when it is back', async () => {
  await node.closeOwnBatch() // rests on a leaf of L1 block 1
  node.l1.drop(1)
  node.l1.mineEmpty(2)
  const readEvents = node.l1.readEvents.bind(node.l1)
  node.l1.readEvents = async () => {
    throw new Error('died')
  }
  await expect(node.poll()).rejects.toThrow('died')
  expect(await findInfoLeaves(node.db)).toEqual([])
  expect(await findBatch(node.db, one)).toBeDefined()
  node.l1.readEvents = readEvents
  node.restart()
  await node.poll()
  expect(await findBatch(node.db, one)).toBeUndefined()
  await node.poll()
  expect((await node.signals()).filter((signal) => signal.startsWith('trustedBatchReplaced'))).toHaveLength(1)
})

test('a reorg while events are read is noticed before anything is applied', async () => {
  node.l1.mineEmpty(2)
  await node.poll()
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.onReadEvents = () => {
    node.l1.onReadEvents = () => {}
    const dropped = node.l1.drop(2) // the newest stored block too
    node.l1.mine()
    node.l1.mine(dropped)
  }
  expect(await node.poll()).toMatchObject({ position: 3 })
  expect(await findLastVirtualBatch(node.db)).toBeUndefined()
  expect(await node.poll()).toMatchObject({ position: 4 })
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1, l1BlockNumber: 4 })
  const [newest] = await node.db.select().from(l1Blocks).where(eq(l1Blocks.blockNumber, 4))
  expect(newest!.hash).toBe((await node.l1.getBlock(4))!.hash)
})

test('a reorg of blocks that were read, just before the next ones are, is noticed too', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  node.l1.mine()
  const getBlock = node.l1.getBlock.bind(node.l1)
  let asked = false
  node.l1.getBlock = async (tag) => {
    if (tag === 3 && !asked) {
      asked = true
      node.l1.drop(2)
      node.l1.mineEmpty(2)
    }
    return await getBlock(tag)
  }
  expect(await node.poll()).toMatchObject({ position: 2, target: 3 })
  expect(await node.poll()).toMatchObject({ position: 3, target: 3 })
  expect(await findLastVirtualBatch(node.db)).toBeUndefined()
})

test('a mismatch with a block that L1 has dropped meanwhile is no mismatch', async () => {
  const wrong = node.l1.mine([node.sequence([node.dataOf(0)], { l1InfoRoot: hashOf(0xbad) })])
  const getBlock = node.l1.getBlock.bind(node.l1)
  let asked = 0
  // The block is gone after its events were read: only the question that follows the failure sees it.
  node.l1.getBlock = async (tag) => (tag === wrong.number && ++asked > 1 ? undefined : await getBlock(tag))
  expect(await node.poll()).toMatchObject({ position: 0 })
})

test('a head that was read is asked for and nothing else', async () => {
  node.l1.mineEmpty(2)
  const progress = await node.poll()
  const getBlock = node.l1.getBlock.bind(node.l1)
  const asked: L1BlockTag[] = []
  node.l1.getBlock = async (tag) => {
    asked.push(tag)
    return await getBlock(tag)
  }
  expect(await node.poll()).toEqual(progress)
  expect(asked).toEqual(['latest'])
})

test('an endpoint that is behind is no reorg', async () => {
  let reorgs = 0
  node.restart({ onReorg: () => reorgs++ })
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mineEmpty(2)
  await node.poll()
  const before = await node.signals()
  node.l1.visibleHead = 2
  expect(await node.poll()).toEqual({ position: 4, target: 2 })
  node.l1.visibleHead = 1
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1 })
  expect(await node.signals()).toEqual(before)
  expect(reorgs).toBe(0)
})

test('a process that dies between two L1 blocks goes on with the second', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  node.l1.accInputHashes.set(2, hashOf(0xbad)) // the second fails
  await expect(node.poll()).rejects.toThrow()
  expect((await findCursor(node.db))!.position).toBe(2)
  node.l1.accInputHashes.clear()
  node.restart()
  node.l1.ranges.length = 0
  await node.poll()
  expect(node.l1.ranges).toEqual([{ fromBlock: 3, toBlock: 3 }])
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 2 })
})

test('an aborted signal ends the reading after the range', async () => {
  node.l1.mineEmpty(9)
  node.restart({ maxBlockRange: 2 })
  const controller = new AbortController()
  const progress = await node.synchronizer.poll(() => controller.abort(), controller.signal)
  expect(progress).toEqual({ position: 2, target: 10 })
})
