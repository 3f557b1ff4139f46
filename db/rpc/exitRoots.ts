import { asc, desc, eq, gt, isNotNull } from 'drizzle-orm'
import type { Hash } from '#protocol/primitives.ts'
import type { Queryable } from '../client.ts'
import { batches, l1InfoLeaves, l2Blocks } from '../schema.ts'

export type InfoLeaf = typeof l1InfoLeaves.$inferSelect

/** The first leaf with this global exit root. */
export async function findLeafOfExitRoot(db: Queryable, globalExitRoot: Hash): Promise<InfoLeaf | undefined> {
  const [leaf] = await db
    .select()
    .from(l1InfoLeaves)
    .where(eq(l1InfoLeaves.globalExitRoot, globalExitRoot))
    .orderBy(asc(l1InfoLeaves.leafIndex))
    .limit(1)
  return leaf
}

export async function readInfoLeaves(db: Queryable): Promise<InfoLeaf[]> {
  return await db.select().from(l1InfoLeaves).orderBy(asc(l1InfoLeaves.leafIndex))
}

/** Of the newest block that brought one: by its marker, or because its batch was forced. */
export async function findNewestExitRoot(db: Queryable): Promise<Hash | undefined> {
  const columns = { blockNumber: l2Blocks.blockNumber, globalExitRoot: l2Blocks.globalExitRoot }
  const [marked] = await db
    .select(columns)
    .from(l2Blocks)
    .where(gt(l2Blocks.l1InfoIndex, 0))
    .orderBy(desc(l2Blocks.l1InfoIndex), desc(l2Blocks.blockNumber))
    .limit(1)
  const [forced] = await db
    .select(columns)
    .from(batches)
    .innerJoin(l2Blocks, eq(l2Blocks.batchNumber, batches.batchNumber))
    .where(isNotNull(batches.forcedBatchNumber))
    .orderBy(desc(batches.forcedBatchNumber), desc(l2Blocks.blockNumber))
    .limit(1)
  const newest = [marked, forced].filter((block) => block !== undefined)
  return newest.sort((a, b) => b.blockNumber - a.blockNumber)[0]?.globalExitRoot
}
