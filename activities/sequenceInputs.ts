import { NodeError } from '#common/errors.ts'
import type { Config } from '#config/schema.ts'
import { type ClosedBatchRow, findBatch, isClosed } from '#db/batches.ts'
import type { Queryable } from '#db/client.ts'
import { findForcedBatches, findNewestInfoLeaf } from '#db/sequencePlan.ts'
import { readContract } from '#etherman/client.ts'
import { rollupInterface } from '#etherman/interfaces.ts'
import { L1TransactionWithdrawnError } from '#etherman/reverts.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import { regularBatch, type SequenceCalldata } from '#etherman/sequenceCalldata.ts'
import { readSequenceForm } from '#etherman/sequenceForm.ts'
import type { SequencedBatch } from '#etherman/types.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { type Address, BatchNumber, Hash } from '#protocol/primitives.ts'

/** The State DB does not (yet) hold what a sequence needs: trying again is right. */
export class SequenceInputsMissingError extends NodeError {
  override readonly name = 'SequenceInputsMissingError'
}

type Options = {
  rpc: L1Rpc
  network: Pick<Config['network'], 'contracts'>
  fromBatch: BatchNumber
  toBatch: BatchNumber
}
type TimedSequence = SequenceCalldata & { maxSequenceTimestamp: number }

/**
 * The call that sequences these batches, in the form that the contract has.
 * @throws {L1TransactionWithdrawnError} when the batches are not there any more, {SequenceInputsMissingError}
 */
export async function buildSequence(
  db: Queryable,
  { rpc, network, fromBatch, toBatch }: Options,
): Promise<TimedSequence> {
  const rows: ClosedBatchRow[] = []
  for (let number = fromBatch; number <= toBatch; number = BatchNumber(number + 1)) {
    const row = await findBatch(db, number)
    // It was planned as one that is closed and checked.
    if (row === undefined || !isClosed(row) || row.checkedAt === null)
      throw new L1TransactionWithdrawnError('The batch is not checked.', { facts: { batchNumber: number } })
    rows.push(row)
  }
  const last = rows.at(-1)!
  const batches = await readForcedParts(db, rows)
  const form = await readSequenceForm(rpc, network.contracts.rollup, last.forkId)
  const call = { form, batches, coinbase: last.coinbase }
  // Not the last batch's: that may be a forced one, which is older than the regular ones before it.
  const maxSequenceTimestamp = Math.max(
    ...rows.map((row, index) => batches[index]!.forcedTimestamp || row.lastTimestamp),
  )
  if (call.form !== 'banana') return { ...call, maxSequenceTimestamp, initSequencedBatch: fromBatch - 1 }
  return {
    ...call,
    maxSequenceTimestamp,
    ...(await readBananaParts(db, rpc, network.contracts.rollup, call, maxSequenceTimestamp)),
  }
}

async function readForcedParts(db: Queryable, rows: readonly ClosedBatchRow[]): Promise<SequencedBatch[]> {
  const numbers = rows.flatMap(({ forcedBatchNumber }) => forcedBatchNumber ?? [])
  const forced = new Map((await findForcedBatches(db, numbers)).map((row) => [row.forcedBatchNumber, row]))
  return rows.map(({ batchNumber, forcedBatchNumber, batchL2Data }) => {
    if (forcedBatchNumber === null) return regularBatch(batchL2Data)
    const source = forced.get(forcedBatchNumber)
    if (source === undefined)
      throw new SequenceInputsMissingError('The forced batch is not known from L1.', {
        facts: { batchNumber, forcedBatchNumber },
      })
    const { forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = source
    return { batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 }
  })
}

/** Since fork 12 the sequencer says which root it means, and what the contract's running hash will be. */
async function readBananaParts(
  db: Queryable,
  rpc: L1Rpc,
  rollup: Address,
  { batches, coinbase }: Pick<SequenceCalldata, 'batches' | 'coinbase'>,
  timestampLimit: number,
): Promise<{ l1InfoTreeLeafCount: number; expectedFinalAccInputHash: Hash }> {
  const leaf = await findNewestInfoLeaf(db)
  const l1InfoRoot = leaf?.l1InfoRoot ?? EMPTY_TREE_ROOT
  const [start] = await readContract(rpc, rollupInterface, rollup, 'lastAccInputHash', [])
  let hash = Hash(start)
  for (const { batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } of batches) {
    const forced = forcedTimestamp > 0
    hash = accInputHash({
      oldAccInputHash: hash,
      batchL2DataHash: keccakHex(batchL2Data),
      l1InfoRoot: forced ? forcedGlobalExitRoot : l1InfoRoot,
      timestampLimit: forced ? forcedTimestamp : timestampLimit,
      coinbase,
      forcedBlockHashL1,
    })
  }
  return { l1InfoTreeLeafCount: leaf === undefined ? 0 : leaf.leafIndex + 1, expectedFinalAccInputHash: hash }
}
