import { findBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import type { L1Reference } from '#workflows/messages.ts'

export type BatchActivities = ReturnType<typeof createBatchActivities>

/** Short reads of the State DB for workflows. */
export const createBatchActivities = ({ db }: { db: Database }) => ({
  /** What the database knows of a batch, for a workflow whose signal got lost. */
  async readBatch({
    batchNumber,
  }: {
    batchNumber: number
  }): Promise<{ closed: boolean; openBlocks?: number; virtual?: L1Reference; verified?: L1Reference }> {
    const batch = await findBatch(db, BatchNumber(batchNumber))
    const closed = batch?.closedAt != null
    const openBlocks = closed ? 0 : (batch?.blockCount ?? 0)
    return { closed, openBlocks, ...(await findBatchOnL1(db, BatchNumber(batchNumber))) }
  },
})
