import { closeBatch, getClosedBatch, growBatch, openBatch } from '#db/batches.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { findInfoLeafCount, findInfoLeavesByIndex, nextForcedBatchNumber } from '#db/l1.ts'
import { getLastBlockBefore } from '#db/proofInputs.ts'
import { storeWitness } from '#db/proofs.ts'
import type { BatchKind } from '#db/schema.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import { getForkRules } from '#protocol/forks.ts'
import { EMPTY_L1_INFO_LEAF } from '#protocol/l1InfoTree.ts'
import { type Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { L1InfoLeaf } from '#prover/types.ts'
import { type ProducedWitness, produceWitness } from '#prover/witness.ts'

/** A batch as L1 fixed it. */
export type SequencedOnL1 = {
  batchNumber: BatchNumber
  batchL2Data: Uint8Array
  /** The forced global exit root for forced and injected batches. */
  l1InfoRoot: Hash
  /** Seconds. */
  timestampLimit: number
  /** Zero unless the batch is forced or injected. */
  forcedBlockHashL1: Hash
  coinbase: Address
  sequencer: Address
  /** Kind to store it as when this node does not have it. */
  kind: Extract<BatchKind, 'injected' | 'forced' | 'synced'>
}

export type Network = { chainId: number; forkId: number }

/** What a batch gives on the state that the batch before it left. */
export type ExecutedBatch = ProducedWitness & { oldStateRoot: Hash; lastTimestampBefore: number; markers: Marker[] }

type Marker = Extract<BatchItem, { kind: 'changeL2Block' }>

/** Executes a batch on the state after its predecessor, which must be closed; stores nothing. */
export async function executeSequenced(
  tx: Queryable,
  batch: SequencedOnL1,
  { chainId, forkId, oldAccInputHash }: Network & { oldAccInputHash: Hash },
): Promise<ExecutedBatch> {
  const before = await getClosedBatch(tx, BatchNumber(batch.batchNumber - 1))
  const oldStateRoot = before.stateRoot
  const markers = readMarkers(batch, forkId)
  const produced = await produceWitness({
    inputs: {
      ...batch,
      forkId,
      chainId,
      oldStateRoot,
      oldAccInputHash,
      l1InfoTreeData: await readLeaves(tx, markers, batch.l1InfoRoot, forkId),
    },
    store: createDatabaseNodeStore(tx),
    reader: createDatabaseStateReader(tx, await getLastBlockBefore(tx, batch.batchNumber)),
  })
  return { ...produced, oldStateRoot, lastTimestampBefore: before.lastTimestamp, markers }
}

/** Stores the batch, closed and checked, with its blocks and its witness. It must be the next batch, unknown or open and empty. */
export async function storeExecuted(
  tx: Queryable,
  { batchNumber, batchL2Data, coinbase, kind }: SequencedOnL1,
  { witness, result, oldStateRoot, lastTimestampBefore, markers }: ExecutedBatch,
  {
    forkId,
    closingReason = `Sync L1: ${kind === 'synced' ? 'sequenced' : kind}`,
  }: Pick<Network, 'forkId'> & { closingReason?: string },
): Promise<void> {
  const forced = kind === 'forced' && { forcedBatchNumber: await nextForcedBatchNumber(tx) }
  await openBatch(tx, { batchNumber, kind, forkId, coinbase, ...forced })
  let parent = await getLastBlock(tx)
  let lastTimestamp = lastTimestampBefore
  for (const [index, block] of result.blocks.entries()) {
    const stored = toStoredBlock(block, { batchNumber, parent, marker: markers[index] })
    parent = await storeBlock(tx, stored)
    const added = { txCount: block.receipts.length, timestamp: block.timestamp, counters: result.counters }
    await growBatch(tx, batchNumber, added)
    lastTimestamp = block.timestamp
  }
  await storeWitness(tx, { batchNumber, oldStateRoot, witness })
  await closeBatch(tx, {
    batchNumber,
    closingReason,
    batchL2Data,
    stateRoot: result.newStateRoot,
    localExitRoot: result.newLocalExitRoot,
    lastTimestamp,
    ...(result.invalid && { invalidReason: result.invalid.message }),
    checked: true,
  })
}

/** Markers of the batch's blocks, in order; none for forced batches and for data that cannot be read. */
function readMarkers({ batchL2Data, forcedBlockHashL1 }: SequencedOnL1, forkId: number): Marker[] {
  try {
    const items = decodeBatchL2Data(batchL2Data, { forkId, forced: forcedBlockHashL1 !== ZERO_HASH })
    return items.filter((item): item is Marker => item.kind === 'changeL2Block')
  } catch (error) {
    if (error instanceof BatchDecodeError) return []
    throw error
  }
}

/**
 * The leaves the batch names. One that the tree of its sequence does not have is an empty one, whatever came later, and
 * voids the batch. No program before fork 9 gets through such a batch: then the leaf is left out, and execution stops.
 */
async function readLeaves(tx: Queryable, markers: readonly Marker[], l1InfoRoot: Hash, forkId: number) {
  const indices = [...new Set(markers.map(({ indexL1InfoTree }) => indexL1InfoTree))].filter((index) => index !== 0)
  if (indices.length === 0) return new Map<number, L1InfoLeaf>()
  const leafCount = (await findInfoLeafCount(tx, l1InfoRoot)) ?? 0
  const rows = await findInfoLeavesByIndex(
    tx,
    indices.filter((index) => index < leafCount),
  )
  const { refusesEmptyInfoLeaf } = getForkRules(forkId)
  const vacant = refusesEmptyInfoLeaf ? indices.filter((index) => index >= leafCount) : []
  const leaves = [...rows, ...vacant.map((leafIndex) => ({ leafIndex, ...EMPTY_L1_INFO_LEAF }))]
  // Proofs are the prover's: this node computed the tree itself.
  return new Map<number, L1InfoLeaf>(
    leaves.map(({ leafIndex, globalExitRoot, blockHashL1, timestamp }) => [
      leafIndex,
      { globalExitRoot, blockHashL1, minTimestamp: timestamp, proof: [] },
    ]),
  )
}
