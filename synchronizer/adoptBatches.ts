import type { Queryable } from '#db/client.ts'
import { insertSignals } from '#db/outbox.ts'
import { findUnverifiedBatches, requireChecks } from '#db/unverifiedBatches.ts'
import { batchWorkflowId, l1Reorged, l1Virtualized } from '#workflows/messages.ts'

/** No L1 block is that high: the signal says that L1 does not have the batch, and takes nothing from its workflow. */
const NOTHING_GONE = { fromL1Block: Number.MAX_SAFE_INTEGER }

/**
 * For a sequencer whose Temporal knows nothing of its batches: each that is closed and not verified gets its workflow with
 * the next delivery of signals. The open one and those after it are begun by the sequencer's workflow, as ever. Returns how
 * many.
 */
export async function adoptBatches(tx: Queryable): Promise<number> {
  await requireChecks(tx)
  const unverified = await findUnverifiedBatches(tx)
  await insertSignals(
    tx,
    unverified.map(({ batchNumber, virtual }) => {
      const to = { workflowId: batchWorkflowId(batchNumber), batchNumber }
      return virtual === undefined
        ? { ...to, signal: l1Reorged.name, args: [NOTHING_GONE] }
        : { ...to, signal: l1Virtualized.name, args: [virtual] }
    }),
  )
  return unverified.length
}
