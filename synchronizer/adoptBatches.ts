import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Database } from '#db/client.ts'
import { insertSignals } from '#db/outbox.ts'
import { findUnverifiedBatches, requireWitnesses, type UnverifiedBatch } from '#db/unverifiedBatches.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { batchWorkflowId, l1Reorged, l1Virtualized } from '#workflows/messages.ts'

/** No L1 block is that high: the signal says that L1 does not have the batch, and takes nothing from its workflow. */
const NOTHING_GONE = { fromL1Block: Number.MAX_SAFE_INTEGER }

/**
 * Batches that are closed and not verified, and of which Temporal knows nothing, get their workflows with the next delivery of
 * signals: after a snapshot was restored, or Temporal was lost. The open batch and those after it are begun by the
 * sequencer's workflow, as ever. Returns which.
 */
export async function adoptBatches(db: Database, client: Pick<Client, 'workflow'>): Promise<BatchNumber[]> {
  const lost: UnverifiedBatch[] = []
  for (const batch of await findUnverifiedBatches(db)) if (!(await isKnown(client, batch))) lost.push(batch)
  const batchNumbers = lost.map(({ batchNumber }) => batchNumber)
  if (lost.length === 0) return []
  await db.transaction(async (tx) => {
    await requireWitnesses(tx, batchNumbers)
    await insertSignals(
      tx,
      lost.map(({ batchNumber, virtual }) => {
        const to = { workflowId: batchWorkflowId(batchNumber), batchNumber }
        return virtual === undefined
          ? { ...to, signal: l1Reorged.name, args: [NOTHING_GONE] }
          : { ...to, signal: l1Virtualized.name, args: [virtual] }
      }),
    )
  })
  return batchNumbers
}

async function isKnown(client: Pick<Client, 'workflow'>, { batchNumber }: UnverifiedBatch): Promise<boolean> {
  try {
    await client.workflow.getHandle(batchWorkflowId(batchNumber)).describe()
    return true
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}
