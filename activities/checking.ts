import { NodeError } from '#common/errors.ts'
import { getClosedBatch, markBatchChecked } from '#db/batches.ts'
import { findChangedState } from '#db/changedState.ts'
import type { Database, Queryable } from '#db/client.ts'
import { findHeaderDifference } from '#db/headerCheck.ts'
import { assertLease, readFence, UNDO_FENCE } from '#db/leases.ts'
import { getLastBlockBefore, readTrustedInputs } from '#db/proofInputs.ts'
import { findWitness, storeWitness } from '#db/proofs.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { createCachedStateReader } from '#executor/cachedStateReader.ts'
import type { StateReader } from '#executor/stateReader.ts'
import { createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'
import { BatchNumber, type Hash } from '#protocol/primitives.ts'
import { findBatchDifference } from '#prover/compareBatch.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import { produceWitness, StateInconsistentError } from '#prover/witness.ts'
import { batchSealed, SEQUENCE_SENDER_WORKFLOW_ID } from '#workflows/messages.ts'
import { whileHeartbeating } from './heartbeat.ts'
import type { Tell } from './tell.ts'

export type CheckingActivities = ReturnType<typeof createCheckingActivities>

/** A closed batch, executed again as a whole, gives something else than was stored block by block. */
export class BatchCheckError extends NodeError {
  override readonly name = 'BatchCheckError'
}

type Dependencies = { db: Database; config: { network: { chainId: number } }; tell: Tell }

export function createCheckingActivities({ db, config, tell }: Dependencies) {
  // One batch leads to the next: its nodes are the tree of the one after it.
  const store = createCachedNodeStore(createDatabaseNodeStore(db))

  /**
   * Executes a closed batch again from its data and the tree before it, compares every root and hash with what was stored
   * block by block, keeps the witness and marks the batch as checked: only then may it be sequenced, and the sequence
   * sender is told. Safe to repeat.
   * @throws {BatchCheckError} naming the first L2 block and field that differ
   */
  async function checkBatch({ batchNumber }: { batchNumber: number }): Promise<{ stateRoot: Hash }> {
    const stateRoot = await whileHeartbeating(() => check(BatchNumber(batchNumber)))
    await tell(SEQUENCE_SENDER_WORKFLOW_ID, batchSealed, { batchNumber })
    return { stateRoot }
  }

  async function check(batchNumber: BatchNumber): Promise<Hash> {
    const fence = await readFence(db, UNDO_FENCE)
    const { inputs, claimed } = await readTrustedInputs(db, { chainId: config.network.chainId, batchNumber })
    const { checkedAt } = await getClosedBatch(db, batchNumber)
    const done = checkedAt !== null && (await findWitness(db, batchNumber, inputs.oldStateRoot)) !== undefined
    if (done) return claimed.newStateRoot
    const reader = await readStateBefore(db, batchNumber)
    const { witness, result } = await produceWitness({ inputs, store, reader }).catch(refuseInconsistency)
    for (const { newNodes } of result.blocks) store.add(newNodes)
    const difference =
      findBatchDifference(claimed, summarizeExecution(result)) ??
      (await findHeaderDifference(db, batchNumber, result.blocks))
    if (difference !== undefined)
      throw new BatchCheckError('The batch, executed again, gives something else than was stored.', {
        facts: { batchNumber, ...difference },
      })
    await db.transaction(async (tx) => {
      await assertLease(tx, fence) // else it may be another batch by now
      await storeWitness(tx, { batchNumber, oldStateRoot: inputs.oldStateRoot, witness })
      await markBatchChecked(tx, batchNumber)
    })
    return claimed.newStateRoot
  }

  return { checkBatch }
}

/** What the batch changed is read in bulk; else its execution would ask for one thing after the other. */
async function readStateBefore(db: Queryable, batchNumber: BatchNumber): Promise<StateReader> {
  const reader = createCachedStateReader(createDatabaseStateReader(db, await getLastBlockBefore(db, batchNumber)))
  const { addresses, slots } = await findChangedState(db, batchNumber)
  await Promise.all([reader.getAccounts(addresses), reader.getStorage(slots)])
  return reader
}

/** Values in the State DB that are not those of the tree: the batch was made on wrong state, or the database is damaged. */
function refuseInconsistency(cause: unknown): never {
  if (!(cause instanceof StateInconsistentError)) throw cause
  throw new BatchCheckError(cause.message, { cause })
}
