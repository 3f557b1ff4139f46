import { and, asc, desc, eq, getTableColumns, gt, inArray, notExists, sql } from 'drizzle-orm'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, removedBlocks, removedLogs } from '../schema.ts'
import type { FoundLog } from './logs.ts'

/** Highest id of a removal so far; 0 for none. */
export async function findNewestRemoval(db: Queryable): Promise<number> {
  const [row] = await db.select({ id: removedBlocks.id }).from(removedBlocks).orderBy(desc(removedBlocks.id)).limit(1)
  return row?.id ?? 0
}

export type RemovedBlock = { id: number; blockNumber: BlockNumber; hash: Hash }

/** Blocks removed after a removal that have not come back, in order. */
export async function findRemovedBlocks(db: Queryable, after: number): Promise<RemovedBlock[]> {
  const back = db.select({ one: sql`1` }).from(l2Blocks).where(eq(l2Blocks.hash, removedBlocks.hash))
  return await db
    .select({ id: removedBlocks.id, blockNumber: removedBlocks.blockNumber, hash: removedBlocks.hash })
    .from(removedBlocks)
    .where(and(gt(removedBlocks.id, after), notExists(back)))
    .orderBy(asc(removedBlocks.id))
}

/** Logs of removed blocks as clients take them back: the last one first, each once. */
export async function findRemovedLogs(db: Queryable, hashes: readonly Hash[]): Promise<FoundLog[]> {
  if (hashes.length === 0) return []
  const { removal: _, ...columns } = getTableColumns(removedLogs)
  const block = {
    blockNumber: removedBlocks.blockNumber,
    blockHash: removedBlocks.hash,
    blockTimestamp: removedBlocks.timestamp,
  }
  const rows = await db
    .select({ ...columns, ...block })
    .from(removedLogs)
    .innerJoin(removedBlocks, eq(removedBlocks.id, removedLogs.removal))
    .where(inArray(removedBlocks.hash, [...hashes]))
    .orderBy(desc(removedBlocks.blockNumber), desc(removedBlocks.id), desc(removedLogs.logIndex))
  const seen = new Set<string>() // a block may have come and gone twice
  return rows.filter(({ blockHash, logIndex }) => seen.size < seen.add(`${blockHash}/${logIndex}`).size)
}
