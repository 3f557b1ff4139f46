import { equalBytes } from '#common/bytes.ts'
import { closeBatch, findBatch, getClosedBatch, growBatch, openBatch } from '#db/batches.ts'
import { getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { findInfoLeavesByIndex, findLastVirtualBatch, insertVirtualBatch } from '#db/l1.ts'
import { storeWitness } from '#db/proofs.ts'
import type { BatchKind } from '#db/schema.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { type Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { produceWitness } from '#prover/witness.ts'
import { TrustedBatchMismatchError } from './errors.ts'

/** A batch as L1 fixed it. */
export type SequencedOnL1 = {
  batchNumber: BatchNumber
  batchL2Data: Uint8Array
  /** The forced global exit root for forced and injected batches. */
  l1InfoRoot: Hash
  timestampLimit: number
  /** Zero unless the batch is forced or injected. */
  forcedBlockHashL1: Hash
  coinbase: Address
  sequencer: Address
  /** Kind to store it as when this node does not have it. */
  kind: BatchKind
}

type Place = { l1BlockNumber: number; l1TxHash: Hash }
type Network = { chainId: number; forkId: number }

/**
 * Makes a batch virtual: one that this node closed is compared with what L1 has, one that it does not have is executed
 * and stored with its witness. Returns the accumulated input hash after it. @throws {TrustedBatchMismatchError}
 */
export async function applySequencedBatch(
  tx: Queryable,
  batch: SequencedOnL1,
  place: Place,
  network: Network,
): Promise<Hash> {
  const { batchNumber, l1InfoRoot, timestampLimit, forcedBlockHashL1, coinbase, sequencer } = batch
  const known = await findBatch(tx, batchNumber)
  const oldAccInputHash = (await findLastVirtualBatch(tx))?.accInputHash ?? ZERO_HASH
  const newAccInputHash = accInputHash({
    oldAccInputHash,
    batchL2DataHash: keccakHex(batch.batchL2Data),
    l1InfoRoot,
    timestampLimit,
    coinbase,
    forcedBlockHashL1,
  })
  if (known?.closedAt == null) await executeAndStore(tx, batch, oldAccInputHash, network)
  else if (!equalBytes(known.batchL2Data!, batch.batchL2Data) || known.coinbase !== coinbase)
    throw new TrustedBatchMismatchError('L1 has another content for a batch than was closed here.', {
      facts: {
        batchNumber,
        ours: keccakHex(known.batchL2Data!),
        onL1: keccakHex(batch.batchL2Data),
        ourCoinbase: known.coinbase,
        coinbaseOnL1: coinbase,
      },
    })
  const inputs = { sequencer, coinbase, l1InfoRoot, timestampLimit, forcedBlockHashL1 }
  await insertVirtualBatch(tx, { batchNumber, ...place, ...inputs, accInputHash: newAccInputHash })
  return newAccInputHash
}

async function executeAndStore(
  tx: Queryable,
  batch: SequencedOnL1,
  oldAccInputHash: Hash,
  { chainId, forkId }: Network,
) {
  const { batchNumber, batchL2Data, coinbase, kind } = batch
  const before = await getClosedBatch(tx, BatchNumber(batchNumber - 1))
  const markers = readMarkers(batch, forkId)
  const { witness, result } = await produceWitness({
    inputs: {
      ...batch,
      forkId,
      chainId,
      oldStateRoot: before.stateRoot,
      oldAccInputHash,
      l1InfoTreeData: await readLeaves(tx, markers),
    },
    store: createDatabaseNodeStore(tx),
    reader: createDatabaseStateReader(tx),
  })
  await openBatch(tx, { batchNumber, kind, forkId, coinbase })
  let parentHash = (await getLastBlock(tx)).hash
  let lastTimestamp = before.lastTimestamp
  for (const [index, block] of result.blocks.entries()) {
    const stored = toStoredBlock(block, { batchNumber, parentHash, marker: markers[index] })
    await storeBlock(tx, stored)
    const added = { txCount: block.receipts.length, timestamp: block.timestamp, counters: result.counters }
    await growBatch(tx, batchNumber, added)
    parentHash = stored.block.hash
    lastTimestamp = block.timestamp
  }
  await storeWitness(tx, { batchNumber, oldStateRoot: before.stateRoot, witness })
  await closeBatch(tx, {
    batchNumber,
    closingReason: `Sync L1: ${kind === 'synced' ? 'sequenced' : kind}`,
    batchL2Data,
    stateRoot: result.newStateRoot,
    localExitRoot: result.newLocalExitRoot,
    lastTimestamp,
    ...(result.invalid && { invalidReason: result.invalid.message }),
    checked: true,
  })
}

type Marker = Extract<BatchItem, { kind: 'changeL2Block' }>

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

async function readLeaves(tx: Queryable, markers: readonly Marker[]) {
  const indices = [...new Set(markers.map(({ indexL1InfoTree }) => indexL1InfoTree))].filter((index) => index !== 0)
  const rows = await findInfoLeavesByIndex(tx, indices)
  // Proofs are the prover's: this node computed the tree itself.
  return new Map(
    rows.map(({ leafIndex, globalExitRoot, blockHashL1, timestamp }) => [
      leafIndex,
      { globalExitRoot, blockHashL1, minTimestamp: timestamp, proof: [] },
    ]),
  )
}
