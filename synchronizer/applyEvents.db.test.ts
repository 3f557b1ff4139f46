import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { findBatch, getClosedBatch, growBatch, openBatch } from '#db/batches.ts'
import { findBlocksOfBatch, getLastBlock } from '#db/blocks.ts'
import { createJobInputsReader } from '#db/jobInputs.ts'
import { findCursor, findLastVirtualBatch } from '#db/l1.ts'
import { assertLease, SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { findSignals } from '#db/outbox.ts'
import { findWitness } from '#db/proofs.ts'
import { forcedBatches, l1InfoLeaves, removedBlocks, sequences, verifications, virtualBatches } from '#db/schema.ts'
import type { L1Event } from '#etherman/types.ts'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'
import { Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { reexecuteBatch } from '#prover/reexecuteBatch.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { INFO_TREE } from '#test/smallChain.ts'
import { infoLeaf, one, SynchronizerFixture, two, verification, WORKED_ACC_INPUT_HASH, WORKED_ROOT } from './fixture.ts'

let node: SynchronizerFixture
beforeAll(async () => {
  node = await SynchronizerFixture.open()
})
beforeEach(() => node.reset())
afterAll(() => node.close())

const place = { l1BlockNumber: 2, l1TxHash: hashOf(0x5e9) }

test('batches this node does not have are executed and stored, checked, with witness and place on L1', async () => {
  node.l1.mine([node.sequence()])
  expect(await node.poll()).toEqual({ position: 2, target: 2 })
  const first = await getClosedBatch(node.db, one)
  expect(first).toMatchObject({
    kind: 'synced',
    stateRoot: WORKED_ROOT,
    blockCount: 2,
    txCount: 5,
    invalidReason: null,
  })
  expect(first.checkedAt).not.toBeNull()
  expect(Buffer.from(first.batchL2Data)).toEqual(Buffer.from(node.dataOf(0)))
  expect((await getClosedBatch(node.db, two)).stateRoot).toBe(node.rootAfter(1))
  const virtual = await node.db.select().from(virtualBatches).orderBy(asc(virtualBatches.batchNumber))
  expect(virtual).toMatchObject([
    { batchNumber: 1, ...place, accInputHash: WORKED_ACC_INPUT_HASH },
    { batchNumber: 2, ...place, accInputHash: node.chain.batches[1].job.claimed.newAccInputHash },
  ])
  expect(await node.db.select().from(sequences)).toMatchObject([{ fromBatch: 1, toBatch: 2, ...place }])
  for (const { job } of node.chain.batches)
    expect(await findWitness(node.db, job.inputs.batchNumber, job.inputs.oldStateRoot)).toEqual(
      Buffer.from(job.witness),
    )
  expect(await findSignals(node.db)).toMatchObject([
    { workflowId: 'batch-1', signal: 'l1Virtualized', args: [place], batchNumber: 1 },
    { workflowId: 'batch-2', signal: 'l1Virtualized', args: [place], batchNumber: 2 },
    { workflowId: 'sequence-sender', signal: 'l1Progressed', args: [] },
  ])
})

test('L2 blocks from L1 are chained by their hashes', async () => {
  node.l1.mine([node.sequence()])
  await node.poll()
  const [blocks, more] = [await findBlocksOfBatch(node.db, one), await findBlocksOfBatch(node.db, two)]
  const all = [...blocks, ...more]
  expect(all.map(({ blockNumber }) => blockNumber)).toEqual([1, 2, 3])
  expect(all.map(({ parentHash }) => parentHash)).toEqual([hashOf(1000), all[0]!.hash, all[1]!.hash])
})

test.each<[string, Uint8Array | undefined, Hash]>([
  ['beyond the tree', hexToBytes('0x0b6553f10000000007'), INFO_TREE.root],
  ['of a tree without leaves', hexToBytes('0x0b6553f10000000001'), EMPTY_TREE_ROOT],
  ['that the tree got after the sequence', undefined, INFO_TREE.rootAt(1)],
])('a batch that names a leaf %s changes nothing, and that can be proven', async (_, data, l1InfoRoot) => {
  node.l1.mine([node.sequence([data ?? node.dataOf(0)], { l1InfoRoot })])
  await node.poll()
  const { stateRoot, blockCount, invalidReason } = await getClosedBatch(node.db, one)
  expect({ stateRoot, blockCount }).toEqual({ stateRoot: node.chain.genesis.root, blockCount: 0 })
  expect(invalidReason).toContain('empty-l1-info-leaf')
  const job = await createJobInputsReader({ db: node.db, chainId: 1000 })(one)
  expect(await reexecuteBatch(job)).toMatchObject({ newStateRoot: node.chain.genesis.root })
})

test('a batch that was closed here only gets its place on L1', async () => {
  await node.closeOwnBatch()
  const before = await getClosedBatch(node.db, one)
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  expect(await getClosedBatch(node.db, one)).toEqual(before)
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1, accInputHash: WORKED_ACC_INPUT_HASH })
})

test.each<[string, () => Promise<void>, () => L1Event, string]>([
  [
    'the content',
    () => node.closeOwnBatch({ batchL2Data: Uint8Array.of(1) }),
    () => node.sequence([node.dataOf(0)]),
    'content here 0x5fe7f977e71dba2ea1a68e21057beebb9be2ac30c6410aa38d4f3fbe41dcffd2, on L1 0x',
  ],
  [
    'the fee receiver',
    () => node.closeOwnBatch(),
    () => node.sequence([node.dataOf(0)], { coinbase: addressOf(0xbad) }),
    `coinbase here ${addressOf(0xee)}, on L1 ${addressOf(0xbad)}`,
  ],
  [
    'the time limit',
    () => node.closeOwnBatch(),
    () => node.sequence([node.dataOf(0)], { timestampLimit: 1_699_000_000 }),
    ', on L1 limit 1699000000',
  ],
  [
    'its being forced',
    () => node.closeOwnBatch(),
    () => ({
      ...{ kind: 'sequenceForceBatches', toBatch: 1, coinbase: addressOf(0xee), txHash: hashOf(1) },
      batches: [
        {
          batchL2Data: node.dataOf(0),
          forcedGlobalExitRoot: hashOf(1),
          forcedTimestamp: 5,
          forcedBlockHashL1: hashOf(2),
        },
      ],
    }),
    'kind here synced, on L1 forced',
  ],
  [
    'a batch that is still open',
    () => openOwnBatch(1),
    () => node.sequence([node.dataOf(0)]),
    'which was still being filled here',
  ],
])('a batch on L1 that differs from ours in %s replaces it, and the reason is told', async (_, own, event, reason) => {
  const lease = await takeLease(node.db, SEQUENCER_LEASE)
  await own()
  node.l1.mine([event()])
  await node.poll()
  expect(await getClosedBatch(node.db, one)).toMatchObject({ closingReason: expect.stringMatching(/^Sync L1/) })
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ batchNumber: 1 })
  await expect(assertLease(node.db, lease)).rejects.toMatchObject({ name: 'LeaseLostError' })
  const told = (await findSignals(node.db)).find(({ workflowId }) => workflowId === 'synchronizer')
  expect(told).toMatchObject({ signal: 'trustedBatchesReplaced', args: [{ fromBatch: 1, toBatch: 1 }] })
  expect((told!.args[0] as { reason: string }).reason).toContain(reason)
})

test('a closed batch that L1 replaces is told before its new place, with what it needs to be known again', async () => {
  await node.closeOwnBatch({ batchL2Data: Uint8Array.of(1) })
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  expect(await node.signals()).toEqual([
    'trustedBatchReplaced → batch-1',
    'trustedBatchesReplaced → synchronizer',
    'l1Progressed → sequence-sender',
    'l1Progressed → aggregator',
    'l1Virtualized → batch-1',
    'l1Progressed → sequence-sender',
  ])
  expect((await findSignals(node.db))[0]).toMatchObject({ batchNumber: 1, args: [{ undoing: 1 }] })
  expect((await getClosedBatch(node.db, one)).stateRoot).toBe(WORKED_ROOT)
  const removed = await node.db.select().from(removedBlocks).orderBy(asc(removedBlocks.id))
  expect(removed.map(({ blockNumber }) => blockNumber)).toEqual([1, 2])
})

test.each([
  ['a leaf that the tree of the sequence lacks', INFO_TREE.rootAt(1), 'empty-l1-info-leaf'],
  ['a leaf that L1 has otherwise', INFO_TREE.root, null],
])('own content that rests on %s is executed on what L1 says', async (_, l1InfoRoot, invalid) => {
  await node.closeOwnBatch()
  if (invalid === null)
    await node.db
      .update(l1InfoLeaves)
      .set({ blockHashL1: hashOf(0xb2) })
      .where(eq(l1InfoLeaves.leafIndex, 1))
  node.l1.mine([node.sequence([node.dataOf(0)], { l1InfoRoot })])
  await node.poll()
  const { stateRoot, invalidReason, kind } = await getClosedBatch(node.db, one)
  expect(kind).toBe('synced')
  expect(stateRoot).not.toBe(WORKED_ROOT)
  if (invalid !== null) expect(invalidReason).toContain(invalid)
  expect(await node.signals()).toContain('trustedBatchReplaced → batch-1')
})

async function openOwnBatch(blockCount: number): Promise<void> {
  await openBatch(node.db, { batchNumber: one, kind: 'trusted', forkId: 9, coinbase: addressOf(0xee) })
  for (let count = 0; count < blockCount; count++)
    await growBatch(node.db, one, { txCount: 1, timestamp: 1_700_000_000, counters: {} })
}

test('an open batch without blocks gives way to that of L1, and the sequencer has to look again', async () => {
  const lease = await takeLease(node.db, SEQUENCER_LEASE)
  await openOwnBatch(0)
  node.l1.mine([node.sequence()])
  await node.poll()
  expect(await getClosedBatch(node.db, one)).toMatchObject({ kind: 'synced', stateRoot: WORKED_ROOT })
  expect(await findBlocksOfBatch(node.db, one)).toHaveLength(2)
  await expect(assertLease(node.db, lease)).rejects.toMatchObject({ name: 'LeaseLostError' })
})

test('a batch of the sequencer that L1 has as it is leaves the lease where it is', async () => {
  const lease = await takeLease(node.db, SEQUENCER_LEASE)
  await node.closeOwnBatch()
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  await assertLease(node.db, lease)
})

test('data that cannot be read is a batch without blocks: it counts, the state stays', async () => {
  node.l1.mine([node.sequence([Uint8Array.of(0x0b, 1, 2), node.dataOf(0)])])
  await node.poll()
  const void1 = await getClosedBatch(node.db, one)
  expect(void1).toMatchObject({ stateRoot: node.chain.genesis.root, blockCount: 0, lastTimestamp: 0 })
  expect(void1.invalidReason).toBeTruthy()
  expect((await getClosedBatch(node.db, two)).stateRoot).toBe(WORKED_ROOT)
})

test('an accumulated input hash that the contract does not have stops the reading and leaves no trace', async () => {
  node.l1.mine([node.sequence()])
  node.l1.accInputHashes.set(2, hashOf(0xbad))
  await expect(node.poll()).rejects.toMatchObject({ name: 'AccInputHashMismatchError' })
  await expect(node.poll()).rejects.toThrow(`onL1=${hashOf(0xbad)}`)
  expect(await findBatch(node.db, one)).toBeUndefined()
  expect(await findSignals(node.db)).toEqual([])
  expect((await getLastBlock(node.db)).blockNumber).toBe(0)
  node.l1.accInputHashes.clear()
  await node.poll()
  expect((await getClosedBatch(node.db, two)).stateRoot).toBe(node.rootAfter(1))
})

test('an L1 info root that the leaves do not lead to stops the reading', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)], { l1InfoRoot: hashOf(0xbad) })])
  await expect(node.poll()).rejects.toMatchObject({ name: 'L1InfoRootMismatchError' })
})

test('a sequence whose predecessors were not read stops the reading', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)], { toBatch: 7 })])
  await expect(node.poll()).rejects.toMatchObject({ name: 'SequenceGapError' })
})

test('leaves of the L1 info tree continue those in the database, also after a restart', async () => {
  node.l1.mine([infoLeaf(1), infoLeaf(2)])
  await node.poll()
  node.restart()
  node.l1.mine([infoLeaf(3)])
  await node.poll()
  const rows = await node.db.select().from(l1InfoLeaves).orderBy(asc(l1InfoLeaves.leafIndex))
  expect(rows.map(({ leafIndex }) => leafIndex)).toEqual([0, 1, 2, 3, 4])
  const tree = new L1InfoTree(rows.map(({ leafHash }) => leafHash))
  expect(rows.map(({ l1InfoRoot }) => l1InfoRoot)).toEqual([1, 2, 3, 4, 5].map((count) => tree.rootAt(count)))
  const [second, third] = [await node.l1.getBlock(2), await node.l1.getBlock(3)]
  expect(rows[2]).toMatchObject({ blockHashL1: second!.parentHash, timestamp: second!.timestamp, l1BlockNumber: 2 })
  expect(rows[4]).toMatchObject({ blockHashL1: third!.parentHash, timestamp: third!.timestamp, l1BlockNumber: 3 })
})

test('a verification is stored and told to its batches and to the aggregator', async () => {
  node.l1.mine([node.sequence()])
  node.l1.mine([verification(2, node.rootAfter(1))])
  await node.poll()
  expect(await node.db.select().from(verifications)).toMatchObject([{ fromBatch: 1, toBatch: 2, trusted: true }])
  expect((await node.signals()).slice(3)).toEqual([
    'l1Verified → batch-1',
    'l1Verified → batch-2',
    'l1Progressed → aggregator',
  ])
})

test('what anyone verified, the trusted aggregator may verify again, in other steps', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)]), node.sequence([node.dataOf(1)], { toBatch: 2 })])
  node.l1.mine([verification(2, node.rootAfter(1), { trusted: false })])
  node.l1.mine([verification(1, node.rootAfter(0)), verification(2, node.rootAfter(1))])
  await node.poll()
  expect(await node.db.select().from(verifications).orderBy(asc(verifications.toBatch))).toMatchObject([
    { fromBatch: 1, toBatch: 1, trusted: true, l1BlockNumber: 4 },
    { fromBatch: 2, toBatch: 2, trusted: true, l1BlockNumber: 4 },
  ])
})

test.each([
  ['state root', () => verification(2, hashOf(0xbad))],
  ['exit root', () => verification(2, node.rootAfter(1), { exitRoot: hashOf(0xbad) })],
])('a verified %s that is not ours stops the reading, with both values', async (_, event) => {
  node.l1.mine([node.sequence()])
  node.l1.mine([event()])
  await expect(node.poll()).rejects.toMatchObject({ name: 'StateRootMismatchError' })
  await expect(node.poll()).rejects.toThrow(hashOf(0xbad))
  expect(await node.db.select().from(verifications)).toEqual([])
  expect((await findCursor(node.db))!.position).toBe(2)
})

test('what anyone verified counts only from its consolidation on, when the contract lets it wait', async () => {
  node.l1.mine([node.sequence()])
  node.l1.pendingStateTimeout = 100
  node.l1.mine([verification(2, node.rootAfter(1), { trusted: false })])
  await node.poll()
  expect(await node.db.select().from(verifications)).toEqual([])
  const [stateRoot, exitRoot] = [node.rootAfter(1), ZERO_HASH]
  node.l1.mine([
    { kind: 'consolidation', toBatch: 2, stateRoot, exitRoot, sender: addressOf(0x5e), txHash: hashOf(0xc0) },
  ])
  await node.poll()
  expect(await node.db.select().from(verifications)).toMatchObject([
    { fromBatch: 1, toBatch: 2, trusted: false, aggregator: addressOf(0x5e), l1BlockNumber: 4 },
  ])
  expect((await node.signals()).slice(3)).toEqual([
    'l1Verified → batch-1',
    'l1Verified → batch-2',
    'l1Progressed → aggregator',
  ])
})

test('a pending root that is not ours stops the reading too', async () => {
  node.l1.mine([node.sequence()])
  node.l1.pendingStateTimeout = 100
  node.l1.mine([verification(2, hashOf(0xbad), { trusted: false })])
  await expect(node.poll()).rejects.toMatchObject({ name: 'StateRootMismatchError' })
})

/** Follows the worked batch in the protocol's documentation: one transaction of the same account. */
const FORCED_BATCH = hexToBytes(
  '0xe605843b9aca00830186a09400000000000000000000000000000000000000aa09808203e880808c163b9ae3805c2c92abfdb59a860d948ead1fed01b437855c500ad07fabe5985426dd8200729c8f801b529c2907a439e332898ffcf72160135ab2aef6eeaf081bff',
)
const FORCED_INPUTS = {
  forcedGlobalExitRoot: Hash(`0x${'dd'.repeat(32)}`),
  forcedTimestamp: 1_700_000_200,
  forcedBlockHashL1: Hash(`0x${'cc'.repeat(32)}`),
}
const ACC_INPUT_HASH_AFTER_FORCED = '0x8b6aebae21d40e8364444f2c01e1a828622db3334c911c3abacbbec4ffcf7f0a'

test('a forced batch waits, and is executed when it is sequenced', async () => {
  const { forcedGlobalExitRoot: lastGlobalExitRoot } = FORCED_INPUTS
  const sent = { sender: addressOf(0xf0), txHash: hashOf(0xf0) }
  const forcing = node.l1.mine([
    { kind: 'forceBatch', forcedBatchNumber: 1, batchL2Data: FORCED_BATCH, lastGlobalExitRoot, ...sent },
  ])
  node.l1.mine([node.sequence([node.dataOf(0)])])
  const batches = [{ batchL2Data: FORCED_BATCH, ...FORCED_INPUTS }]
  const { coinbase } = node.sequence()
  node.l1.mine([{ kind: 'sequenceForceBatches', toBatch: 2, batches, coinbase, txHash: hashOf(1) }])
  await node.poll()
  expect(await node.db.select().from(forcedBatches)).toMatchObject([
    { forcedBatchNumber: 1, forcedTimestamp: forcing.timestamp, forcedBlockHashL1: forcing.parentHash },
  ])
  expect(await getClosedBatch(node.db, one)).toMatchObject({ kind: 'synced', forcedBatchNumber: null })
  const stateRoot = '0xc233e20f4be327148e50040a2558780b66fa2e15e02e125acccf52d8dede3098' // as documented
  expect(await getClosedBatch(node.db, two)).toMatchObject({
    kind: 'forced',
    forcedBatchNumber: 1,
    txCount: 1,
    stateRoot,
  })
  expect(await findBlocksOfBatch(node.db, two)).toMatchObject([
    { timestamp: 1_700_000_200, globalExitRoot: lastGlobalExitRoot, l1BlockHash: FORCED_INPUTS.forcedBlockHashL1 },
  ])
  expect(await findLastVirtualBatch(node.db)).toMatchObject({ accInputHash: ACC_INPUT_HASH_AFTER_FORCED })
})

test('the batch that the contract injects into a new rollup is executed at the time of its L1 block', async () => {
  const { coinbase: sequencer } = node.sequence()
  const lastGlobalExitRoot = hashOf(0x6e4)
  const created = node.l1.mine([
    { kind: 'initialSequence', batchL2Data: FORCED_BATCH, lastGlobalExitRoot, sequencer, txHash: hashOf(1) },
  ])
  await node.poll()
  expect(await getClosedBatch(node.db, one)).toMatchObject({ kind: 'injected', forcedBatchNumber: null, blockCount: 1 })
  expect(await findBlocksOfBatch(node.db, one)).toMatchObject([
    { timestamp: created.timestamp, globalExitRoot: lastGlobalExitRoot, l1BlockHash: created.parentHash },
  ])
  expect(await node.signals()).toEqual(['l1Virtualized → batch-1', 'l1Progressed → sequence-sender'])
})
