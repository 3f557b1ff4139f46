import { eq } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, transactions } from '../schema.ts'

/** Sum over the transactions of a batch, by name. */
export async function readCountersOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<Record<string, number>> {
  const rows = await db
    .select({ counters: transactions.counters })
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .where(eq(l2Blocks.batchNumber, batchNumber))
  const sums: Record<string, number> = {}
  for (const { counters } of rows)
    for (const [name, count] of Object.entries(counters ?? {})) sums[name] = (sums[name] ?? 0) + count
  return sums
}
