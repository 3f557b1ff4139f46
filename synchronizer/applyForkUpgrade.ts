import type { Queryable } from '#db/client.ts'
import { findBatchesOfOtherFork, setForkId } from '#db/forkUpgrades.ts'
import { findVirtualBatchesFrom } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { insertSignals, type NewSignal } from '#db/outbox.ts'
import { getLastBlockBefore, readTrustedInputs } from '#db/proofInputs.ts'
import { deleteProofsFrom, storeWitness } from '#db/proofs.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { deleteBatchesFrom, hasOwnBatchesFrom } from '#db/undoBatches.ts'
import { type BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { findBatchDifference } from '#prover/compareBatch.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import { produceWitness } from '#prover/witness.ts'
import { batchWorkflowId, l1Reorged, l1Virtualized } from '#workflows/messages.ts'
import { ChainTip } from './chainTip.ts'
import { ForkUpgradeError } from './errors.ts'
import { appendBatches, type Network, type SequencedOnL1 } from './executeSequenced.ts'

type Upgrade = { fromBatch: BatchNumber; forkId: number }

/**
 * The rollup is of a fork from a batch on. Batches that exist already, none of them verified, are proven with that fork:
 * they are executed again. Those that lead to the same state change their fork; those from L1 that lead to another one
 * are made anew. @throws {ForkUpgradeError} when that would change what the sequencer made
 */
export async function applyForkUpgrade(tx: Queryable, network: Network, { fromBatch, forkId }: Upgrade): Promise<void> {
  const affected = await findBatchesOfOtherFork(tx, fromBatch, forkId)
  if (affected.length === 0) return
  await takeLease(tx, SEQUENCER_LEASE) // a sequencer that fills the open batch looks again
  await setForkId(tx, fromBatch, forkId)
  await deleteProofsFrom(tx, fromBatch)
  for (const { batchNumber, isClosed } of affected) {
    if (!isClosed || (await leadsToSameState(tx, batchNumber, network))) continue
    await executeAnew(tx, batchNumber, { ...network, forkId })
    break
  }
  if (network.isReader !== true) await proveAnew(tx, fromBatch)
}

/** Keeps the witness of the execution under the batch's new fork. */
async function leadsToSameState(tx: Queryable, batchNumber: BatchNumber, { chainId }: Network): Promise<boolean> {
  const { inputs, claimed } = await readTrustedInputs(tx, { chainId, batchNumber })
  const store = createDatabaseNodeStore(tx)
  const reader = createDatabaseStateReader(tx, await getLastBlockBefore(tx, batchNumber))
  const { witness, result } = await produceWitness({ inputs, store, reader })
  if (findBatchDifference(claimed, summarizeExecution(result)) !== undefined) return false
  await storeWitness(tx, { batchNumber, oldStateRoot: inputs.oldStateRoot, witness })
  return true
}

/** This batch and all after it, from what L1 has. */
async function executeAnew(tx: Queryable, fromBatch: BatchNumber, network: Network): Promise<void> {
  if (await hasOwnBatchesFrom(tx, fromBatch))
    throw new ForkUpgradeError('L1 changed the fork of batches that the sequencer has built on.', {
      facts: { fromBatch, forkId: network.forkId },
      docs: 'docs/runbooks/fork-upgrade.md',
    })
  const sequenced = await findVirtualBatchesFrom(tx, fromBatch)
  await deleteBatchesFrom(tx, fromBatch)
  if (sequenced.length === 0) return
  const batches = sequenced.map(({ batchL2Data, kind, ...virtual }): SequencedOnL1 => {
    return { ...virtual, batchL2Data, kind: kind === 'trusted' ? 'synced' : kind }
  })
  // The state does not depend on the input hash, which is as L1 has it.
  await appendBatches(tx, new ChainTip(), batches, { network, oldAccInputHash: ZERO_HASH })
}

/** Tells the workflows that proofs of what L1 had are worth nothing, and that the batches are still sequenced. */
async function proveAnew(tx: Queryable, fromBatch: BatchNumber): Promise<void> {
  const signals: NewSignal[] = []
  for (const { batchNumber, l1BlockNumber, l1TxHash } of await findVirtualBatchesFrom(tx, fromBatch)) {
    const workflowId = batchWorkflowId(batchNumber)
    signals.push({ workflowId, signal: l1Reorged.name, args: [{ fromL1Block: l1BlockNumber }] })
    signals.push({ workflowId, signal: l1Virtualized.name, args: [{ l1TxHash, l1BlockNumber }], batchNumber })
  }
  await insertSignals(tx, signals)
}
