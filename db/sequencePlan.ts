import { asc, eq, gte, inArray, max, sql } from 'drizzle-orm'
import type { Address, BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { batches, forcedBatches, l1InfoLeaves } from './schema.ts'

/** What planning needs of a batch: no data, for that is large. */
export type SequencableBatch = {
  batchNumber: BatchNumber
  forkId: number
  coinbase: Address
  sizeBytes: number
  closedAt: Date
}

/** Batches from this one on that are closed and checked, without a gap, at most `limit`. */
export async function findSequencableBatches(
  db: Queryable,
  fromBatch: BatchNumber,
  limit: number,
): Promise<SequencableBatch[]> {
  const rows = await db
    .select({
      batchNumber: batches.batchNumber,
      forkId: batches.forkId,
      coinbase: batches.coinbase,
      checkedAt: batches.checkedAt,
      closedAt: batches.closedAt,
      sizeBytes: sql<number>`coalesce(octet_length(${batches.batchL2Data}), 0)`,
    })
    .from(batches)
    .where(gte(batches.batchNumber, fromBatch))
    .orderBy(asc(batches.batchNumber))
    .limit(limit)
  const found: SequencableBatch[] = []
  for (const { closedAt, checkedAt, ...row } of rows) {
    if (row.batchNumber !== fromBatch + found.length || closedAt === null || checkedAt === null) break
    found.push({ ...row, closedAt })
  }
  return found
}

/** Forced batches by their numbers, as L1 has them. */
export async function findForcedBatches(
  db: Queryable,
  numbers: readonly number[],
): Promise<(typeof forcedBatches.$inferSelect)[]> {
  if (numbers.length === 0) return []
  return await db
    .select()
    .from(forcedBatches)
    .where(inArray(forcedBatches.forcedBatchNumber, [...numbers]))
}

/** The newest leaf of the L1 info tree; undefined while it is empty. */
export async function findNewestInfoLeaf(
  db: Queryable,
): Promise<Pick<typeof l1InfoLeaves.$inferSelect, 'leafIndex' | 'l1InfoRoot'> | undefined> {
  const newest = db.select({ leafIndex: max(l1InfoLeaves.leafIndex) }).from(l1InfoLeaves)
  const [row] = await db
    .select({ leafIndex: l1InfoLeaves.leafIndex, l1InfoRoot: l1InfoLeaves.l1InfoRoot })
    .from(l1InfoLeaves)
    .where(eq(l1InfoLeaves.leafIndex, newest))
  return row
}
