import { and, desc, eq, gt, lte, max } from 'drizzle-orm'
import type { Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { cursors, l1InfoLeaves, l2Blocks } from './schema.ts'

/** Whether the synchronizer has read L1 up to the head it last saw. */
export async function hasReachedL1Head(db: Queryable): Promise<boolean> {
  const [row] = await db.select().from(cursors).where(eq(cursors.name, 'synchronizer'))
  return row !== undefined && row.position >= row.target
}

/**
 * The newest leaf of the L1 info tree that no L2 block has brought yet and that is not younger than `timestamp`,
 * seconds. Leaf 0 can never be named: index 0 means none.
 */
export async function findInfoLeafToBring(
  db: Queryable,
  timestamp: number,
): Promise<{ index: number; globalExitRoot: Hash; blockHashL1: Hash; timestamp: number } | undefined> {
  const [brought] = await db
    .select({ index: max(l2Blocks.l1InfoIndex) })
    .from(l2Blocks)
    .where(gt(l2Blocks.l1InfoIndex, 0))
  const [leaf] = await db
    .select({
      index: l1InfoLeaves.leafIndex,
      globalExitRoot: l1InfoLeaves.globalExitRoot,
      blockHashL1: l1InfoLeaves.blockHashL1,
      timestamp: l1InfoLeaves.timestamp,
    })
    .from(l1InfoLeaves)
    .where(and(gt(l1InfoLeaves.leafIndex, brought?.index ?? 0), lte(l1InfoLeaves.timestamp, timestamp)))
    .orderBy(desc(l1InfoLeaves.leafIndex))
    .limit(1)
  return leaf
}
