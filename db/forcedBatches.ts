import { and, asc, gt, lte, max, sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'
import { batches, cursors, forcedBatches } from './schema.ts'

export type ForcedBatchRow = typeof forcedBatches.$inferSelect

/**
 * The forced batch that comes next: L1 takes them in order, so the one after the last that has a place among our batches.
 * Undefined when there is none, or L1 has built fewer than `confirmations` blocks on it.
 */
export async function findForcedBatchToTake(db: Queryable, confirmations: number): Promise<ForcedBatchRow | undefined> {
  const taken = db.select({ number: sql`coalesce(${max(batches.forcedBatchNumber)}, 0)` }).from(batches)
  const [row] = await db
    .select()
    .from(forcedBatches)
    .where(
      and(
        gt(forcedBatches.forcedBatchNumber, taken),
        lte(
          forcedBatches.l1BlockNumber,
          sql`(select ${cursors.position} - ${confirmations} from ${cursors} where ${cursors.name} = 'synchronizer')`,
        ),
      ),
    )
    .orderBy(asc(forcedBatches.forcedBatchNumber))
    .limit(1)
  return row
}
