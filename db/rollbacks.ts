import { and, eq, gt, inArray, min } from 'drizzle-orm'
import { type BatchNumber, BatchNumber as toBatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { deleteProofsFrom } from './proofs.ts'
import { l1Transactions, preEtrogEvents, rollbacks, sequences, virtualBatches } from './schema.ts'

/** What a rollback took back: the batches, and the first L1 block that had sequenced one of them. */
export type RolledBack = { batches: BatchNumber[]; firstRemovedL1Block: number }

/**
 * Forgets the sequences after `toBatch`, as L1 did; our own transactions for them count as if they had never been mined.
 * Undefined when there were none.
 */
export async function rollBackSequences(
  tx: Queryable,
  { toBatch, l1BlockNumber }: { toBatch: BatchNumber; l1BlockNumber: number },
): Promise<RolledBack | undefined> {
  const removed = await tx
    .delete(virtualBatches)
    .where(gt(virtualBatches.batchNumber, toBatch))
    .returning({ batchNumber: virtualBatches.batchNumber, l1BlockNumber: virtualBatches.l1BlockNumber })
  if (removed.length === 0) return undefined
  await tx.delete(sequences).where(gt(sequences.toBatch, toBatch))
  await deleteProofsFrom(tx, toBatchNumber(toBatch + 1))
  await tx
    .update(l1Transactions)
    .set({ status: 'abandoned', error: 'rolled back on L1', updatedAt: new Date() })
    .where(
      and(
        eq(l1Transactions.purpose, 'sequence'),
        gt(l1Transactions.toBatch, toBatch),
        inArray(l1Transactions.status, ['mined', 'reverted']),
      ),
    )
  const firstRemovedL1Block = Math.min(...removed.map((row) => row.l1BlockNumber))
  const set = { toBatch, firstRemovedL1Block }
  await tx
    .insert(rollbacks)
    .values({ l1BlockNumber, ...set })
    .onConflictDoUpdate({ target: rollbacks.l1BlockNumber, set })
  return { batches: removed.map(({ batchNumber }) => batchNumber).sort((a, b) => a - b), firstRemovedL1Block }
}

/**
 * The L1 block to go back to when everything above `position` is gone: below the sequences that a rollback among it had
 * taken back, since these are there again.
 */
export async function findBlockBeforeRollbacks(db: Queryable, position: number): Promise<number> {
  const [row] = await db
    .select({ first: min(rollbacks.firstRemovedL1Block) })
    .from(rollbacks)
    .where(gt(rollbacks.l1BlockNumber, position))
  const before = Math.min(position, (row?.first ?? Number.POSITIVE_INFINITY) - 1)
  return before === position ? position : await findBlockBeforeRollbacks(db, before)
}

export async function insertPreEtrogEvent(tx: Queryable, row: typeof preEtrogEvents.$inferInsert): Promise<void> {
  await tx.insert(preEtrogEvents).values(row)
}
