import { desc, eq, gte } from 'drizzle-orm'
import { BlockNumber } from '#protocol/primitives.ts'
import { findOpenBatch } from './batches.ts'
import { getLastBlock } from './blocks.ts'
import type { Queryable } from './client.ts'
import { batches, devSnapshots, l2Blocks } from './schema.ts'
import { deleteBlocksFrom } from './undoBatches.ts'

export type DevSnapshot = typeof devSnapshots.$inferSelect

export async function findDevSnapshot(db: Queryable, id: number): Promise<DevSnapshot | undefined> {
  const [row] = await db.select().from(devSnapshots).where(eq(devSnapshots.id, id))
  return row
}

export async function findNewestDevSnapshot(db: Queryable): Promise<DevSnapshot | undefined> {
  const [row] = await db.select().from(devSnapshots).orderBy(desc(devSnapshots.id)).limit(1)
  return row
}

/** Remembers the open batch as it is, and the newest block. */
export async function insertDevSnapshot(tx: Queryable, id: number): Promise<void> {
  const open = await findOpenBatch(tx)
  if (open === undefined) return
  const { batchNumber, blockCount, txCount, lastTimestamp, counters } = open
  const { blockNumber, hash: blockHash } = await getLastBlock(tx)
  const batch = { blockCount, txCount, lastTimestamp, counters }
  await tx.insert(devSnapshots).values({ id, blockNumber, blockHash, batchNumber, batch })
}

/** Takes back the blocks since the snapshot; it and later ones are used up. False, and nothing done, when it is void. */
export async function goBackToDevSnapshot(tx: Queryable, id: number): Promise<boolean> {
  const snapshot = await findDevSnapshot(tx, id)
  if (snapshot === undefined) return false
  const { blockNumber, blockHash, batchNumber, batch } = snapshot
  const [block] = await tx.select({ hash: l2Blocks.hash }).from(l2Blocks).where(eq(l2Blocks.blockNumber, blockNumber))
  if (block?.hash !== blockHash || (await findOpenBatch(tx))?.batchNumber !== batchNumber) return false
  if ((await getLastBlock(tx)).blockNumber > blockNumber) await deleteBlocksFrom(tx, BlockNumber(blockNumber + 1))
  await tx.update(batches).set(batch).where(eq(batches.batchNumber, batchNumber))
  await tx.delete(devSnapshots).where(gte(devSnapshots.id, id))
  return true
}
