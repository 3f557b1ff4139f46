import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { findBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { deleteSignals, findSignals, type StoredSignal } from '#db/outbox.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { l1Reorged, l1Virtualized, SEARCH_ATTRIBUTE, TASK_QUEUE } from '#workflows/messages.ts'

/**
 * Sends the signals of the outbox to their workflows, oldest first, and deletes what was delivered: at least once, so
 * receivers must bear repetition. A batch that L1 sequenced and that has no workflow gets one, unless it is verified
 * already; so does a batch of ours whose sequence an L1 reorg took after it was done with. Returns how many were dealt
 * with.
 * @param forkId of batches of which L1 said nothing
 */
export async function deliverSignals(db: Database, client: Pick<Client, 'workflow'>, forkId: number): Promise<number> {
  const signals = await findSignals(db)
  for (const signal of signals) {
    const { id, batchNumber } = signal
    if (batchNumber !== undefined && (await startsWorkflow(db, signal.signal, batchNumber)))
      await signalWithStart(client, { ...signal, batchNumber }, await findForkId(db, batchNumber, forkId))
    else await signalExisting(client, signal)
    await deleteSignals(db, [id])
  }
  return signals.length
}

async function startsWorkflow(db: Database, signal: string, batchNumber: BatchNumber): Promise<boolean> {
  const { virtual, verified } = await findBatchOnL1(db, batchNumber)
  if (signal === l1Virtualized.name) return verified === undefined
  if (signal !== l1Reorged.name || virtual !== undefined) return false
  const batch = await findBatch(db, batchNumber)
  return batch?.kind === 'trusted' && batch.closedAt !== null
}

async function signalWithStart(
  client: Pick<Client, 'workflow'>,
  { workflowId, signal, args, batchNumber }: StoredSignal & { batchNumber: BatchNumber },
  forkId: number,
): Promise<void> {
  await client.workflow.signalWithStart('batchWorkflow', {
    workflowId,
    taskQueue: TASK_QUEUE.batch,
    args: [{ batchNumber, forkId, startAt: 'virtual', form: 2 }],
    signal,
    signalArgs: args as [unknown],
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTE.batchNumber, value: batchNumber },
      { key: SEARCH_ATTRIBUTE.forkId, value: forkId },
      { key: SEARCH_ATTRIBUTE.status, value: 'virtual' },
    ],
    staticSummary: `Batch ${batchNumber}`,
    staticDetails: `The life of L2 batch **${batchNumber}** (fork ${forkId}), from L1: prove, verify.`,
  })
}

async function signalExisting(
  client: Pick<Client, 'workflow'>,
  { workflowId, signal, args }: StoredSignal,
): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).signal(signal, ...args)
  } catch (error) {
    // Closed, or never needed: the State DB has the fact.
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
