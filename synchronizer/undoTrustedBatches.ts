import type { Queryable } from '#db/client.ts'
import { withdrawTransactions } from '#db/l1Transactions.ts'
import { takeLease, UNDO_FENCE } from '#db/leases.ts'
import { notify } from '#db/notify.ts'
import { insertSignals, type NewSignal } from '#db/outbox.ts'
import { returnTransactions } from '#db/returnedTransactions.ts'
import { deleteBatchesFrom, findClosedBatchesFrom } from '#db/undoBatches.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import {
  AGGREGATOR_WORKFLOW_ID,
  batchWorkflowId,
  l1Progressed,
  SEQUENCE_SENDER_WORKFLOW_ID,
  SYNCHRONIZER_WORKFLOW_ID,
  trustedBatchesReplaced,
  trustedBatchReplaced,
} from '#workflows/messages.ts'

/**
 * Takes back what this node built from a batch on, because L1 contradicts it: blocks, proofs and what was to be sent to
 * L1 go, transactions return to the pool, the workflows are told why. The caller holds the sequencer's lease, so that
 * nobody builds on what goes, and its transaction brings what comes instead.
 */
export async function undoTrustedBatches(
  tx: Queryable,
  { fromBatch, reason, isReader = false }: { fromBatch: BatchNumber; reason: string; isReader?: boolean | undefined },
): Promise<void> {
  if (isReader) return await deleteBatchesFrom(tx, fromBatch)
  const { epoch: undoing } = await takeLease(tx, UNDO_FENCE)
  const closed = await findClosedBatchesFrom(tx, fromBatch)
  await returnTransactions(tx, fromBatch)
  await withdrawTransactions(tx, fromBatch)
  await deleteBatchesFrom(tx, fromBatch)
  await notify(tx, 'pool', 0)
  const signals: NewSignal[] = closed.map((batchNumber) => ({
    ...{ workflowId: batchWorkflowId(batchNumber), batchNumber },
    ...{ signal: trustedBatchReplaced.name, args: [{ undoing, reason }] },
  }))
  const replaced = { undoing, fromBatch, toBatch: closed.at(-1) ?? fromBatch, reason }
  signals.push({ workflowId: SYNCHRONIZER_WORKFLOW_ID, signal: trustedBatchesReplaced.name, args: [replaced] })
  for (const workflowId of [SEQUENCE_SENDER_WORKFLOW_ID, AGGREGATOR_WORKFLOW_ID])
    signals.push({ workflowId, signal: l1Progressed.name, args: [] })
  await insertSignals(tx, signals)
}
