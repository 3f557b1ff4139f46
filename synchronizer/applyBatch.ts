import { equalBytes } from '#common/bytes.ts'
import { type BatchRow, type ClosedBatchRow, findBatch, getClosedBatch, isClosed } from '#db/batches.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { findLastVirtualBatch, insertVirtualBatch } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { deleteBatchesFrom, hasOwnBatchesFrom } from '#db/undoBatches.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { SequenceGapError, TrustedBatchMismatchError } from './errors.ts'
import { executeSequenced, type Network, type SequencedOnL1, storeExecuted } from './executeSequenced.ts'

type Place = { l1BlockNumber: number; l1TxHash: Hash }
type Chain = Network & { oldAccInputHash: Hash }

/**
 * Makes a batch virtual: one that this node closed is compared with what L1 has, one that it does not have is executed
 * and stored with its witness. Returns the accumulated input hash after it.
 * @throws {TrustedBatchMismatchError} @throws {SequenceGapError}
 */
export async function applySequencedBatch(
  tx: Queryable,
  batch: SequencedOnL1,
  place: Place,
  network: Network,
): Promise<Hash> {
  const { batchNumber, l1InfoRoot, timestampLimit, forcedBlockHashL1, coinbase, sequencer } = batch
  const last = await findLastVirtualBatch(tx)
  if (batchNumber !== (last?.batchNumber ?? 0) + 1)
    throw new SequenceGapError(
      'L1 sequenced a batch whose predecessor was not read: is network.l1StartBlock too late?',
      {
        facts: { batchNumber, lastRead: last?.batchNumber ?? 0, ...place },
      },
    )
  const forkId = await findForkId(tx, batchNumber, network.forkId)
  const chain = { ...network, forkId, oldAccInputHash: last?.accInputHash ?? ZERO_HASH }
  const known = await findBatch(tx, batchNumber)
  if (known !== undefined && isOwn(known)) assertSame(known, batch)
  else if (known === undefined || !(await isTakenAsForced(tx, known, batch))) await takeOver(tx, batch, chain)
  const inputs = { sequencer, coinbase, l1InfoRoot, timestampLimit, forcedBlockHashL1 }
  const newAccInputHash = accInputHash({
    ...inputs,
    oldAccInputHash: chain.oldAccInputHash,
    batchL2DataHash: keccakHex(batch.batchL2Data),
  })
  await insertVirtualBatch(tx, { batchNumber, ...place, ...inputs, accInputHash: newAccInputHash })
  return newAccInputHash
}

/** Made by the sequencer: nothing replaces it. An open batch without transactions is only a place. */
const isOwn = ({ kind, closedAt, txCount }: BatchRow) => kind === 'trusted' && (closedAt !== null || txCount > 0)

/** Whether the sequencer took this forced batch already, and executed it on what L1 says of it now. */
async function isTakenAsForced(tx: Queryable, known: BatchRow, batch: SequencedOnL1): Promise<boolean> {
  if (known.kind !== 'forced' || batch.kind !== 'forced') return false
  if (!isClosed(known) || !hasSameContent(known, batch)) return false
  const [block] = await findBlocksOfBatch(tx, known.batchNumber)
  if (block === undefined) return true // what is void by its content is void on any inputs
  const before = await getClosedBatch(tx, BatchNumber(known.batchNumber - 1))
  return (
    block.l1BlockHash === batch.forcedBlockHashL1 &&
    block.globalExitRoot === batch.l1InfoRoot &&
    block.timestamp === Math.max(before.lastTimestamp, batch.timestampLimit)
  )
}

/**
 * Stores a batch as L1 has it. A sequencer that runs meanwhile loses its lease: before it writes again it looks where
 * the chain is, and finds this batch closed.
 */
async function takeOver(tx: Queryable, batch: SequencedOnL1, chain: Chain): Promise<void> {
  await takeLease(tx, SEQUENCER_LEASE)
  const known = await findBatch(tx, batch.batchNumber)
  if (known !== undefined && isOwn(known)) return assertSame(known, batch)
  if (known !== undefined && isClosed(known)) return await replaceUnlessSame(tx, known, batch, chain)
  await deleteBatchesFrom(tx, batch.batchNumber)
  await storeExecuted(tx, batch, await executeSequenced(tx, batch, chain), chain)
}

const hasSameContent = (known: ClosedBatchRow, batch: SequencedOnL1) =>
  equalBytes(known.batchL2Data, batch.batchL2Data) && known.coinbase === batch.coinbase

/** What the sequencer made is the same on L1 when content, kind and time allow the same execution. */
function assertSame(known: BatchRow, batch: SequencedOnL1): void {
  if (!isClosed(known)) throw mismatch('L1 has a batch that is still being filled here.', known, batch)
  if (!hasSameContent(known, batch))
    throw mismatch('L1 has another content for a batch than was closed here.', known, batch)
  if (batch.kind !== 'synced') throw mismatch('L1 has a batch that was closed here as a forced one.', known, batch)
  if (batch.timestampLimit < known.lastTimestamp)
    throw mismatch('L1 has a batch with a time limit that voids its last block.', known, batch)
}

/**
 * A batch that came from L1 before a reorg, or that the sequencer was forced to take: it is executed on what L1 says
 * now. When that gives something else, it and its successors go, unless the sequencer has built on it.
 */
async function replaceUnlessSame(
  tx: Queryable,
  known: ClosedBatchRow,
  batch: SequencedOnL1,
  chain: Chain,
): Promise<void> {
  const executed = await executeSequenced(tx, batch, chain)
  const isSame =
    known.kind === batch.kind && hasSameContent(known, batch) && known.stateRoot === executed.result.newStateRoot
  if (isSame) return
  if (await hasOwnBatchesFrom(tx, known.batchNumber))
    throw mismatch('L1 has another batch than the one the sequencer has built on.', known, batch)
  await deleteBatchesFrom(tx, known.batchNumber)
  await storeExecuted(tx, batch, executed, chain)
}

function mismatch(message: string, known: BatchRow, batch: SequencedOnL1): TrustedBatchMismatchError {
  return new TrustedBatchMismatchError(message, {
    facts: {
      batchNumber: batch.batchNumber,
      ours: known.batchL2Data && keccakHex(known.batchL2Data),
      onL1: keccakHex(batch.batchL2Data),
      ourCoinbase: known.coinbase,
      coinbaseOnL1: batch.coinbase,
      ourLastTimestamp: known.lastTimestamp,
      timestampLimitOnL1: batch.timestampLimit,
      ourKind: known.kind,
      kindOnL1: batch.kind,
    },
    docs: 'docs/runbooks/trusted-batch-mismatch.md',
  })
}
