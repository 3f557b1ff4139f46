import { equalBytes } from '#common/bytes.ts'
import { type BatchRow, type ClosedBatchRow, findBatch, getClosedBatch, isClosed } from '#db/batches.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { forkIdOf, readForkUpgrades } from '#db/forkUpgrades.ts'
import { restsOnLeaves } from '#db/foundations.ts'
import { findInfoLeafCount, findLastVirtualBatch, insertVirtualBatch } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { rejectUsedNonces } from '#db/returnedTransactions.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { ChainTip } from './chainTip.ts'
import { SequenceGapError } from './errors.ts'
import { appendBatches, executeAgain, type Network, type SequencedOnL1, virtualRow } from './executeSequenced.ts'
import { undoTrustedBatches } from './undoTrustedBatches.ts'

type Place = { l1BlockNumber: number; l1TxHash: Hash }
type Chain = Network & { oldAccInputHash: Hash }

/**
 * Makes the batches of a sequence virtual: those that this node has as L1 does only get their place there; the first one
 * that it has otherwise is undone with all after it, and what L1 has is executed and stored instead. Returns the
 * accumulated input hash after them. @throws {SequenceGapError}
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
    if (!(await isSettled(tx, batch, { ...network, forkId, oldAccInputHash }))) {
      const after = await appendBatches(tx, tip, batches.slice(index), { network, oldAccInputHash, place })
      if (network.isReader !== true) await rejectUsedNonces(tx)
      return after.accInputHash
    }
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
  if (known !== undefined && (await isTakenAsIs(tx, known, batch))) return true
  if (chain.isReader !== true) await takeLease(tx, SEQUENCER_LEASE)
  const now = await findBatch(tx, batch.batchNumber) // nobody but us goes on from here
  if (now === undefined) return false
  if (isClosed(now) && ((await isTakenAsIs(tx, now, batch)) || (await isSame(tx, now, batch, chain)))) return true
  // An open batch without transactions is only a place.
  if (!isClosed(now) && now.txCount === 0) await deleteBatchesFrom(tx, now.batchNumber)
  else await undoTrustedBatches(tx, { fromBatch: now.batchNumber, reason: difference(now, batch), ...chain })
  return false
}

/** Whether L1 has what the sequencer made, so that an execution on what L1 says now gives the same. */
async function isTakenAsIs(tx: Queryable, known: BatchRow, batch: SequencedOnL1): Promise<boolean> {
  if (!isClosed(known) || !hasSameContent(known, batch)) return false
  if (known.kind === 'forced') return batch.kind === 'forced' && (await isForcedAsTaken(tx, known, batch))
  if (known.kind !== 'trusted' || batch.kind !== 'synced' || batch.timestampLimit < known.lastTimestamp) return false
  return await restsOnLeaves(tx, known.batchNumber, (await findInfoLeafCount(tx, batch.l1InfoRoot)) ?? 0)
}

async function isForcedAsTaken(tx: Queryable, known: ClosedBatchRow, batch: SequencedOnL1): Promise<boolean> {
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

/**
 * A batch that came from L1 before a reorg, from the trusted sequencer, or that the sequencer was forced to take: it is
 * executed on what L1 says now.
 */
async function isSame(tx: Queryable, known: ClosedBatchRow, batch: SequencedOnL1, chain: Chain): Promise<boolean> {
  if (known.kind !== batch.kind || !hasSameContent(known, batch)) return false
  const { result } = await executeAgain(tx, batch, chain)
  return known.stateRoot === result.newStateRoot
}

/** For people: what L1 has otherwise, with both values. */
function difference(known: BatchRow, batch: SequencedOnL1): string {
  const values: [string, unknown, unknown][] = [
    ['content', known.batchL2Data && keccakHex(known.batchL2Data), keccakHex(batch.batchL2Data)],
    ['kind', known.kind === 'trusted' ? 'synced' : known.kind, batch.kind],
    ['coinbase', known.coinbase, batch.coinbase],
  ]
  if (batch.timestampLimit < (known.lastTimestamp ?? 0))
    values.push(['time', `${known.lastTimestamp}`, `limit ${batch.timestampLimit}`])
  const different = values.filter(([, ours, onL1]) => ours !== onL1)
  if (!isClosed(known)) return `L1 has batch ${known.batchNumber}, which was still being filled here`
  if (different.length === 0) return `L1 has batch ${known.batchNumber} on other forced inputs or exit roots`
  const told = different.map(([name, ours, onL1]) => `${name} here ${ours}, on L1 ${onL1}`)
  return `L1 has another batch ${known.batchNumber}: ${told.join('; ')}`
}
