import { equalBytes } from '#common/bytes.ts'
import { type BatchRow, type ClosedBatchRow, findBatch, getClosedBatch, isClosed } from '#db/batches.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { forkIdOf, readForkUpgrades } from '#db/forkUpgrades.ts'
import { findLastVirtualBatch, insertVirtualBatch } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { deleteBatchesFrom, hasOwnBatchesFrom } from '#db/undoBatches.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { ChainTip } from './chainTip.ts'
import { SequenceGapError, TrustedBatchMismatchError } from './errors.ts'
import { appendBatches, executeAgain, type Network, type SequencedOnL1, virtualRow } from './executeSequenced.ts'

type Place = { l1BlockNumber: number; l1TxHash: Hash }
type Chain = Network & { oldAccInputHash: Hash }

/**
 * Makes the batches of a sequence virtual: those that this node closed are compared with what L1 has, those that it does
 * not have are executed and stored. Returns the accumulated input hash after them.
 * @throws {TrustedBatchMismatchError} @throws {SequenceGapError}
 */
export async function applySequencedBatches(
  tx: Queryable,
  tip: ChainTip,
  batches: readonly SequencedOnL1[],
  { place, network }: { place: Place; network: Network },
): Promise<Hash> {
  const { batchNumber } = batches[0]!
  const last = await findLastVirtualBatch(tx)
  if (batchNumber !== (last?.batchNumber ?? 0) + 1)
    throw new SequenceGapError(
      'L1 sequenced a batch whose predecessor was not read: is network.l1StartBlock too late?',
      {
        facts: { batchNumber, lastRead: last?.batchNumber ?? 0, ...place },
      },
    )
  let oldAccInputHash = last?.accInputHash ?? ZERO_HASH
  const upgrades = await readForkUpgrades(tx)
  for (const [index, batch] of batches.entries()) {
    const forkId = forkIdOf(upgrades, batch.batchNumber) ?? network.forkId
    if (!(await isSettled(tx, batch, { ...network, forkId, oldAccInputHash })))
      return (await appendBatches(tx, tip, batches.slice(index), { network, oldAccInputHash, place })).accInputHash
    oldAccInputHash = accInputHash({ ...batch, oldAccInputHash, batchL2DataHash: keccakHex(batch.batchL2Data) })
    await insertVirtualBatch(tx, virtualRow(batch, place, oldAccInputHash))
  }
  return oldAccInputHash
}

/**
 * Whether the State DB has the batch as L1 has it. When not, neither the batch nor a later one is there any more: a
 * sequencer that runs meanwhile loses its lease, and finds what is stored instead before it writes again.
 */
async function isSettled(tx: Queryable, batch: SequencedOnL1, chain: Chain): Promise<boolean> {
  const known = await findBatch(tx, batch.batchNumber)
  if (known !== undefined && isOwn(known)) return assertSame(known, batch)
  if (known !== undefined && (await isTakenAsForced(tx, known, batch))) return true
  if (chain.isReader !== true) {
    await takeLease(tx, SEQUENCER_LEASE)
    const now = await findBatch(tx, batch.batchNumber)
    if (now !== undefined && isOwn(now)) return assertSame(now, batch)
  }
  if (known === undefined) return false
  if (isClosed(known)) {
    if (await isSame(tx, known, batch, chain)) return true
    if (await hasOwnBatchesFrom(tx, known.batchNumber))
      throw mismatch('L1 has another batch than the one the sequencer has built on.', known, batch)
  }
  await deleteBatchesFrom(tx, batch.batchNumber)
  return false
}

/** Made by the sequencer: nothing replaces it. An open batch without transactions is only a place. */
const isOwn = ({ kind, closedAt, txCount }: BatchRow) => kind === 'trusted' && (closedAt !== null || txCount > 0)

/** Whether this forced batch was taken already, and executed on what L1 says of it now. */
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

const hasSameContent = (known: ClosedBatchRow, batch: SequencedOnL1) =>
  equalBytes(known.batchL2Data, batch.batchL2Data) && known.coinbase === batch.coinbase

/** What the sequencer made is the same on L1 when content, kind and time allow the same execution. */
function assertSame(known: BatchRow, batch: SequencedOnL1): true {
  if (!isClosed(known)) throw mismatch('L1 has a batch that is still being filled here.', known, batch)
  if (!hasSameContent(known, batch))
    throw mismatch('L1 has another content for a batch than was closed here.', known, batch)
  if (batch.kind !== 'synced') throw mismatch('L1 has a batch that was closed here as a forced one.', known, batch)
  if (batch.timestampLimit < known.lastTimestamp)
    throw mismatch('L1 has a batch with a time limit that voids its last block.', known, batch)
  return true
}

/**
 * A batch that came from L1 before a reorg, from the trusted sequencer, or that the sequencer was forced to take: it is
 * executed on what L1 says now.
 */
async function isSame(tx: Queryable, known: ClosedBatchRow, batch: SequencedOnL1, chain: Chain): Promise<boolean> {
  if (known.kind !== batch.kind || !hasSameContent(known, batch)) return false
  const { result } = await executeAgain(tx, batch, chain)
  return known.stateRoot === result.newStateRoot
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
