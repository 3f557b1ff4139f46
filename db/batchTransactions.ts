import { and, asc, gte, inArray, lte, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { l1TransactionAttempts, l1Transactions } from './schema.ts'

/** Our L1 transactions about a batch, those before their last try included, the oldest first. */
export async function listBatchTransactions(db: Queryable, batchNumber: BatchNumber) {
  const { id, purpose, fromBatch, toBatch, status, nonce, hash, l1BlockNumber, error, createdAt, updatedAt } =
    l1Transactions
  const attempts = db
    .select({ count: sql`count(*)` })
    .from(l1TransactionAttempts)
    .where(sql`${l1TransactionAttempts.id} = ${id}`)
  return await db
    .select({
      ...{ id, purpose, fromBatch, toBatch, status, nonce, hash, l1BlockNumber, error, createdAt, updatedAt },
      attempts: sql<number>`(${attempts})`.mapWith(Number),
    })
    .from(l1Transactions)
    .where(and(inArray(purpose, ['sequence', 'verify']), lte(fromBatch, batchNumber), gte(toBatch, batchNumber)))
    .orderBy(asc(createdAt))
}
export type BatchTransaction = Awaited<ReturnType<typeof listBatchTransactions>>[number]
