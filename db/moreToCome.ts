import { sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'

/** Whether a batch behind this one is closed or has transactions, or transactions wait that will be in one. */
export async function isMoreToCome(db: Queryable, batchNumber: BatchNumber): Promise<boolean> {
  const [row] = (await db.execute(sql`
    select exists (select 1 from pool.transactions where status = 'pending')
      or exists (select 1 from state.batches where batch_number > ${batchNumber} and closed_at is not null)
      or exists (select 1 from state.l2_blocks where batch_number > ${batchNumber} and tx_count > 0) as more`)) as unknown as {
    more: boolean
  }[]
  return row!.more
}
