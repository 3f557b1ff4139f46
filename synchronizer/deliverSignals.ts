import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Database } from '#db/client.ts'
import { deleteSignals, findSignals, type OutboxRow } from '#db/outbox.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import { l1Virtualized, SEARCH_ATTRIBUTE, TASK_QUEUE } from '#workflows/messages.ts'

/**
 * Sends the signals of the outbox to their workflows, oldest first, and deletes what was delivered: at least once, so
 * receivers must bear repetition. A batch that L1 sequenced and that has no workflow gets one, unless it is verified
 * already. Returns how many were dealt with.
 */
export async function deliverSignals(db: Database, client: Client, forkId: number): Promise<number> {
  const rows = await findSignals(db)
  for (const row of rows) {
    if (await startsWorkflow(db, row)) await signalWithStart(client, row, forkId)
    else await signalExisting(client, row)
    await deleteSignals(db, [row.id])
  }
  return rows.length
}

async function startsWorkflow(db: Database, { signal, batchNumber }: OutboxRow): Promise<boolean> {
  if (batchNumber === null || signal !== l1Virtualized.name) return false
  return (await findBatchOnL1(db, batchNumber)).verified === undefined
}

async function signalWithStart(client: Client, { workflowId, payload, batchNumber }: OutboxRow, forkId: number) {
  await client.workflow.signalWithStart('batchWorkflow', {
    workflowId,
    taskQueue: TASK_QUEUE.batch,
    args: [{ batchNumber, forkId, startAt: 'virtual' }],
    signal: l1Virtualized.name,
    signalArgs: [payload],
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTE.batchNumber, value: batchNumber! },
      { key: SEARCH_ATTRIBUTE.forkId, value: forkId },
      { key: SEARCH_ATTRIBUTE.status, value: 'virtual' },
    ],
    staticSummary: `Batch ${batchNumber}`,
    staticDetails: `The life of L2 batch **${batchNumber}** (fork ${forkId}), from L1: prove, verify.`,
  })
}

async function signalExisting(client: Client, { workflowId, signal, payload }: OutboxRow): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).signal(signal, ...(payload === null ? [] : [payload]))
  } catch (error) {
    // Closed, or never needed: the State DB has the fact.
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
