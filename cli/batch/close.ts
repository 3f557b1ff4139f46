import type { Client } from '@temporalio/client'
import { NodeError } from '#common/errors.ts'
import { findOpenBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { batchWorkflowId, type ClosedBatch, closeBatchNow } from '#workflows/messages.ts'
import { explain } from '../proofs/temporal.ts'

/** There is no open batch, or nothing in it. */
export class NothingToCloseError extends NodeError {
  override readonly name = 'NothingToCloseError'
}

/** A batch that is open has a block in the making, and its worker may just be starting. */
const CLOSED_WITHIN_MS = 60_000

/**
 * Asks the workflow of the open batch to close it, and waits until it is. Once the workflow has taken it, it happens
 * whatever is restarted. @throws {NothingToCloseError} {ProofCommandError} {TemporalAwayError}
 */
export async function closeOpenBatch(client: Client, db: Database): Promise<ClosedBatch> {
  const open = await findOpenBatch(db)
  if (open === undefined) throw new NothingToCloseError('No batch is open.')
  const { batchNumber, blockCount } = open
  if (blockCount === 0) throw new NothingToCloseError('The open batch is empty.', { facts: { batchNumber } })
  const workflowId = batchWorkflowId(batchNumber)
  try {
    return await client.withDeadline(Date.now() + CLOSED_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).executeUpdate(closeBatchNow),
    )
  } catch (error) {
    throw explain(error, { workflow: workflowId })
  }
}
