import { sql } from 'drizzle-orm'
import { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'

/** Of a block that brought a leaf of the L1 info tree: L1 has no such leaf, or another one in its place. */
const leafDiffers = sql`(leaf.leaf_index is null or leaf.global_exit_root <> block.global_exit_root
  or leaf.block_hash_l1 <> block.l1_block_hash or leaf.timestamp > block.timestamp)`
const leafOfBlock = sql`left join state.l1_info_leaves leaf on leaf.leaf_index = block.l1_info_index`

/** Whether every leaf that the batch's blocks brought is among the first `leafCount` of L1, as it was brought. */
export async function restsOnLeaves(db: Queryable, batchNumber: BatchNumber, leafCount: number): Promise<boolean> {
  const rows = await db.execute(sql`
    select from state.l2_blocks block ${leafOfBlock}
    where block.batch_number = ${batchNumber} and block.l1_info_index > 0
      and (block.l1_info_index >= ${leafCount} or ${leafDiffers}) limit 1`)
  return rows.length === 0
}

/**
 * The first batch that is not on L1 and rests on something that L1 does not have, or not as it was taken: a forced batch,
 * or a leaf of the L1 info tree. A reorg of L1 leaves such batches.
 */
export async function findFirstUnfoundedBatch(db: Queryable): Promise<BatchNumber | undefined> {
  const lastVirtual = sql`(select coalesce(max(batch_number), 0) from state.virtual_batches)`
  const [row] = (await db.execute(sql`
    select min(batch_number) as first from (
      select taken.batch_number from state.batches taken
      join state.batches before on before.batch_number = taken.batch_number - 1
      left join state.l2_blocks block on block.batch_number = taken.batch_number
      left join state.forced_batches forced on forced.forced_batch_number = taken.forced_batch_number
      where taken.batch_number > ${lastVirtual} and taken.forced_batch_number is not null
        and (forced.forced_batch_number is null or forced.batch_l2_data <> taken.batch_l2_data
          or forced.forced_global_exit_root <> block.global_exit_root
          or forced.forced_block_hash_l1 <> block.l1_block_hash
          or greatest(before.last_timestamp, forced.forced_timestamp) <> block.timestamp)
      union all
      select block.batch_number from state.l2_blocks block ${leafOfBlock}
      where block.batch_number > ${lastVirtual} and block.l1_info_index > 0 and ${leafDiffers}
    ) unfounded`)) as unknown as { first: string | null }[]
  return row?.first == null ? undefined : BatchNumber(Number(row.first))
}
