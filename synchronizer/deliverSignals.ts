import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { findBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { deleteSignals, findSignals, type StoredSignal } from '#db/outbox.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { l1Reorged, l1Virtualized, SEARCH_ATTRIBUTE, TASK_QUEUE, trustedBatchReplaced } from '#workflows/messages.ts'

/**
 * Sends the signals of the outbox to their workflows, oldest first, and deletes what was delivered: at least once, so
 * receivers must bear repetition. A batch that L1 sequenced and that has no workflow gets one, unless it is verified
 * already; so does a batch of ours whose sequence an L1 reorg took after it was done with, or that L1 replaced. Returns how many
 * were dealt with.
 * @param forkId of batches of which L1 said nothing
 */
export async function deliverSignals(db: Database, client: Pick<Client, 'workflow'>, forkId: number): Promise<number> {
  const signals = await findSignals(db)
  for (const signal of signals) {
    const { id, batchNumber } = signal
    const startAt = batchNumber && (await findStart(db, signal.signal, batchNumber))
    if (batchNumber !== undefined && startAt) {
      const input = { batchNumber, forkId: await findForkId(db, batchNumber, forkId), startAt }
      await signalWithStart(client, signal, input)
    } else await signalExisting(client, signal)
    await deleteSignals(db, [id])
  }
  return signals.length
}

type Start = 'collect' | 'virtual'

/**
 * Where a workflow begins that the signal may have to start; undefined when it starts none. A batch that is closed and not
 * checked begins with `collect`, which finds it closed and has it checked.
 */
async function findStart(db: Database, signal: string, batchNumber: BatchNumber): Promise<Start | undefined> {
  const { virtual, verified } = await findBatchOnL1(db, batchNumber)
  const batch = await findBatch(db, batchNumber)
  const isToCheck = batch?.closedAt != null && batch.checkedAt === null
  if (signal === l1Virtualized.name) return verified === undefined ? (isToCheck ? 'collect' : 'virtual') : undefined
  if (signal === trustedBatchReplaced.name) {
    if (virtual === undefined) return 'collect'
    return verified === undefined ? 'virtual' : undefined
  }
  if (signal !== l1Reorged.name || virtual !== undefined) return undefined
  if (batch?.closedAt == null || (batch.kind !== 'trusted' && batch.kind !== 'forced')) return undefined
  return isToCheck ? 'collect' : 'virtual'
}

async function signalWithStart(
  client: Pick<Client, 'workflow'>,
  { workflowId, signal, args }: StoredSignal,
  { batchNumber, forkId, startAt }: { batchNumber: BatchNumber; forkId: number; startAt: Start },
): Promise<void> {
  const [status, life] =
    startAt === 'virtual'
      ? ['virtual', 'from L1: prove, verify']
      : ['collecting', 'anew: collect, seal, sequence, prove, verify']
  await client.workflow.signalWithStart('batchWorkflow', {
    workflowId,
    taskQueue: TASK_QUEUE.batch,
    args: [{ batchNumber, forkId, startAt, form: 3 }],
    signal,
    signalArgs: args as [unknown],
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTE.batchNumber, value: batchNumber },
      { key: SEARCH_ATTRIBUTE.forkId, value: forkId },
      { key: SEARCH_ATTRIBUTE.status, value: status },
    ],
    staticSummary: `Batch ${batchNumber}`,
    staticDetails: `The life of L2 batch **${batchNumber}** (fork ${forkId}), ${life}.`,
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
