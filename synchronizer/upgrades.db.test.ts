import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { getClosedBatch } from '#db/batches.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { findLastVirtualBatch } from '#db/l1.ts'
import { assertLease, SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { findWitness } from '#db/proofs.ts'
import { l1Transactions, preEtrogEvents } from '#db/schema.ts'
import type { L1Event } from '#etherman/types.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { one, SynchronizerFixture, two, verification, WORKED_ROOT } from './fixture.ts'

let node: SynchronizerFixture
beforeAll(async () => {
  node = await SynchronizerFixture.open()
})
beforeEach(() => node.reset())
afterAll(() => node.close())

const upgrade = (fromBatch: number, forkId: number): L1Event => {
  return { kind: 'forkUpgrade', fromBatch, forkId, txHash: hashOf(0xf0) }
}
const rollback = (toBatch: number): L1Event => ({ kind: 'rollback', toBatch, txHash: hashOf(0xf1) })
const forks = () => Promise.all([one, two].map(async (batch) => (await getClosedBatch(node.db, batch)).forkId))

test('a batch is of the fork that L1 said for its number, whatever the configuration says', async () => {
  node.l1.mine([upgrade(1, 10), upgrade(2, 11)])
  node.l1.mine([node.sequence()])
  await node.poll()
  expect(await forks()).toEqual([10, 11])
  expect(await findForkId(node.db, two, 9)).toBe(11)
})

test('two upgrades at one batch: the later holds', async () => {
  node.l1.mine([upgrade(1, 10)])
  node.l1.mine([upgrade(1, 11), upgrade(1, 12)])
  await node.poll()
  expect(await findForkId(node.db, one, 9)).toBe(12)
})

test('what is not verified changes its fork when it leads to the same state, and is proven anew', async () => {
  const lease = await takeLease(node.db, SEQUENCER_LEASE)
  await node.closeOwnBatch()
  node.l1.mine([node.sequence()])
  node.l1.mine([verification(1, node.rootAfter(0))])
  await node.poll()
  const before = (await node.signals()).length
  node.l1.mine([upgrade(2, 12)])
  await node.poll()
  expect(await forks()).toEqual([9, 12])
  expect((await getClosedBatch(node.db, two)).stateRoot).toBe(node.rootAfter(1))
  expect(await findWitness(node.db, two, node.rootAfter(0))).toBeDefined()
  expect((await node.signals()).slice(before)).toEqual(['l1Reorged → batch-2', 'l1Virtualized → batch-2'])
  await expect(assertLease(node.db, lease)).rejects.toMatchObject({ name: 'LeaseLostError' })
})

test('batches from L1 that lead to another state are made anew, and again when the upgrade is gone', async () => {
  node.l1.mine([node.sequence()])
  node.l1.mine([upgrade(1, 7)]) // with another gas limit, which is in the state
  await node.poll()
  expect(await forks()).toEqual([7, 7])
  expect((await getClosedBatch(node.db, one)).stateRoot).not.toBe(WORKED_ROOT)
  node.l1.drop(1)
  node.l1.mine()
  await node.poll()
  expect(await forks()).toEqual([9, 9])
  expect((await getClosedBatch(node.db, one)).stateRoot).toBe(WORKED_ROOT)
})

test('a fork that changes what the sequencer made stops the reading', async () => {
  await node.closeOwnBatch()
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mine([upgrade(1, 7)])
  await expect(node.poll()).rejects.toMatchObject({ name: 'ForkUpgradeError' })
  expect((await getClosedBatch(node.db, one)).forkId).toBe(9)
})

test('a rollback takes sequences back; their batches wait again, and our transactions for them count no more', async () => {
  await node.closeOwnBatch()
  const sequence = { id: 'sequence-2-2', purpose: 'sequence' as const, fromBatch: two, toBatch: two }
  const mined = { sender: addressOf(1), recipient: addressOf(2), nonce: 0, data: new Uint8Array(), gasLimit: 1 }
  node.l1.mine([node.sequence([node.dataOf(0)])])
  const { number } = node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  await node.db.insert(l1Transactions).values({ ...sequence, ...mined, status: 'mined', l1BlockNumber: number })
  await node.poll()
  const before = (await node.signals()).length
  node.l1.mine([rollback(1)])
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1 })
  expect((await node.signals()).slice(before)).toEqual(['l1Reorged → batch-2', 'l1Progressed → sequence-sender'])
  expect(await node.db.select().from(l1Transactions)).toMatchObject([{ status: 'abandoned' }])
  node.l1.mine([node.sequence([Uint8Array.of(0xff)], { toBatch: 2 })])
  await node.poll()
  expect((await getClosedBatch(node.db, two)).batchL2Data).toEqual(Buffer.of(0xff))
})

test('sequences that were rolled back later are read as they were', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  node.l1.mine([rollback(1)])
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1 })
})

test('a rollback that L1 forgets brings its sequences back', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  node.l1.mine([node.sequence([node.dataOf(1)], { toBatch: 2 })])
  node.l1.mineEmpty(2)
  node.l1.mine([rollback(1)])
  await node.poll()
  node.l1.drop(1)
  node.l1.mine()
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 2, l1BlockNumber: 3 })
})

test('events of the contracts before fork 7 are kept', async () => {
  const facts = { numBatch: '7', call: { l2Coinbase: addressOf(1) } }
  node.l1.mine([{ kind: 'preEtrog', event: 'SequenceBatches', facts, txHash: hashOf(1) }])
  await node.poll()
  expect(await node.db.select().from(preEtrogEvents)).toMatchObject([
    { l1BlockNumber: 2, event: 'SequenceBatches', facts, l1TxHash: hashOf(1) },
  ])
})

test('the batch that the contract writes when an older chain joins is executed as a forced one', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  const { parentHash, timestamp } = node.l1.mine([
    {
      ...{ kind: 'upgradeSequence', batchNumber: 2, batchL2Data: Uint8Array.of(0xff), sequencer: addressOf(5) },
      ...{ lastGlobalExitRoot: hashOf(3), txHash: hashOf(4) },
    },
  ])
  await node.poll()
  expect(await findLastVirtualBatch(node.db)).toMatchObject({
    ...{ batchNumber: 2, forcedBlockHashL1: parentHash, timestampLimit: timestamp, l1InfoRoot: hashOf(3) },
  })
  expect(await getClosedBatch(node.db, two)).toMatchObject({ kind: 'injected', stateRoot: WORKED_ROOT })
})
