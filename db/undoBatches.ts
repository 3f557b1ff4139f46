import { and, asc, eq, gt, gte, isNotNull, lt, min, or, sql } from 'drizzle-orm'
import type { BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { notify } from './notify.ts'
import { deleteProofsFrom } from './proofs.ts'
import { accounts, batches, l2Blocks, removedBlocks, storage, witnesses } from './schema.ts'

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

/** Batches from this one on that are closed. */
export async function findClosedBatchesFrom(db: Queryable, batchNumber: BatchNumber): Promise<BatchNumber[]> {
  const rows = await db
    .select({ batchNumber: batches.batchNumber })
    .from(batches)
    .where(and(gte(batches.batchNumber, batchNumber), isNotNull(batches.closedAt)))
    .orderBy(asc(batches.batchNumber))
  return rows.map((row) => row.batchNumber)
}

/**
 * Forgets this batch and all after it: blocks with transactions, receipts and logs, what they changed, witnesses,
 * proofs. Code and tree nodes stay: they are addressed by hash. Blocks and logs are remembered as removed for a while. The
 * batches must not be on L1 any more.
 */
export async function deleteBatchesFrom(tx: Queryable, batchNumber: BatchNumber): Promise<void> {
  const [first] = await tx
    .select({ blockNumber: min(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(gte(l2Blocks.batchNumber, batchNumber))
  if (first?.blockNumber != null) await deleteBlocksFrom(tx, first.blockNumber)
  await tx.delete(witnesses).where(gte(witnesses.batchNumber, batchNumber))
  await deleteProofsFrom(tx, batchNumber)
  await tx.delete(batches).where(gte(batches.batchNumber, batchNumber))
}

/** This block and all after it, with what they changed; rows of batches are left to the caller. */
export async function deleteBlocksFrom(tx: Queryable, blockNumber: BlockNumber): Promise<void> {
  await rememberRemoved(tx, blockNumber)
  await notify(tx, 'l2_block', blockNumber)
  await tx.delete(accounts).where(gte(accounts.blockNumber, blockNumber))
  await tx.delete(storage).where(gte(storage.blockNumber, blockNumber))
  await tx.delete(l2Blocks).where(gte(l2Blocks.blockNumber, blockNumber))
}

/** Longer than clients keep a filter that they do not poll. */
const REMEMBERED = sql`interval '1 hour'`

async function rememberRemoved(tx: Queryable, from: BlockNumber): Promise<void> {
  await tx.delete(removedBlocks).where(lt(removedBlocks.removedAt, sql`now() - ${REMEMBERED}`))
  await tx.execute(sql`
    with removed as (
      insert into state.removed_blocks (block_number, hash, timestamp)
      select block_number, hash, timestamp from state.l2_blocks where block_number >= ${from} order by block_number
      returning id, block_number
    )
    insert into state.removed_logs
      (removal, log_index, tx_index, tx_hash, address, topic0, topic1, topic2, topic3, data)
    select removed.id, log_index, tx_index, tx_hash, address, topic0, topic1, topic2, topic3, data
    from state.logs join removed on removed.block_number = logs.block_number`)
}
