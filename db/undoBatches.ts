import { and, eq, gt, gte, isNotNull, min, or } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { deleteProofsFrom } from './proofs.ts'
import { accounts, batches, l2Blocks, storage, witnesses } from './schema.ts'

/** Whether this batch or a later one is the sequencer's own and has transactions or is closed. */
export async function hasOwnBatchesFrom(db: Queryable, batchNumber: BatchNumber): Promise<boolean> {
  const [row] = await db
    .select({ batchNumber: batches.batchNumber })
    .from(batches)
    .where(
      and(
        gte(batches.batchNumber, batchNumber),
        eq(batches.kind, 'trusted'),
        or(isNotNull(batches.closedAt), gt(batches.txCount, 0)),
      ),
    )
    .limit(1)
  return row !== undefined
}

/**
 * Forgets this batch and all after it: blocks with transactions, receipts and logs, what they changed, witnesses,
 * proofs. Code and tree nodes stay: they are addressed by hash. The batches must not be on L1 any more.
 */
export async function deleteBatchesFrom(tx: Queryable, batchNumber: BatchNumber): Promise<void> {
  const [first] = await tx
    .select({ blockNumber: min(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(gte(l2Blocks.batchNumber, batchNumber))
  if (first?.blockNumber != null) {
    await tx.delete(accounts).where(gte(accounts.blockNumber, first.blockNumber))
    await tx.delete(storage).where(gte(storage.blockNumber, first.blockNumber))
    await tx.delete(l2Blocks).where(gte(l2Blocks.batchNumber, batchNumber))
  }
  await tx.delete(witnesses).where(gte(witnesses.batchNumber, batchNumber))
  await deleteProofsFrom(tx, batchNumber)
  await tx.delete(batches).where(gte(batches.batchNumber, batchNumber))
}
