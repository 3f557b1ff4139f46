import { and, desc, gt, gte, min, ne } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { batches, forkUpgrades } from './schema.ts'

/** The later of two in one L1 block holds. */
export async function insertForkUpgrade(tx: Queryable, row: typeof forkUpgrades.$inferInsert): Promise<void> {
  const { l1BlockNumber, fromBatch } = forkUpgrades
  await tx
    .insert(forkUpgrades)
    .values(row)
    .onConflictDoUpdate({ target: [l1BlockNumber, fromBatch], set: { forkId: row.forkId } })
}

export type ForkUpgradeRow = typeof forkUpgrades.$inferSelect

/** What L1 said of forks, newest first. */
export async function readForkUpgrades(db: Queryable): Promise<ForkUpgradeRow[]> {
  return await db.select().from(forkUpgrades).orderBy(desc(forkUpgrades.l1BlockNumber), desc(forkUpgrades.fromBatch))
}

/** Fork of a batch by what L1 said last of it; undefined where it said nothing. */
export function forkIdOf(newestFirst: readonly ForkUpgradeRow[], batchNumber: BatchNumber): number | undefined {
  return newestFirst.find(({ fromBatch }) => fromBatch <= batchNumber)?.forkId
}

/** The same, read at once; `initial` where L1 said nothing that was read. */
export async function findForkId(db: Queryable, batchNumber: BatchNumber, initial: number): Promise<number> {
  return forkIdOf(await readForkUpgrades(db), batchNumber) ?? initial
}

/** First batch of the upgrades that L1 said after a block. */
export async function findFirstUpgradedBatch(db: Queryable, l1BlockNumber: number): Promise<BatchNumber | undefined> {
  const [row] = await db
    .select({ fromBatch: min(forkUpgrades.fromBatch) })
    .from(forkUpgrades)
    .where(gt(forkUpgrades.l1BlockNumber, l1BlockNumber))
  return row?.fromBatch ?? undefined
}

/** Batches from this one on that were made under another fork, oldest first. */
export async function findBatchesOfOtherFork(
  db: Queryable,
  fromBatch: BatchNumber,
  forkId: number,
): Promise<{ batchNumber: BatchNumber; isClosed: boolean }[]> {
  const rows = await db
    .select({ batchNumber: batches.batchNumber, closedAt: batches.closedAt })
    .from(batches)
    .where(and(gte(batches.batchNumber, fromBatch), ne(batches.forkId, forkId)))
    .orderBy(batches.batchNumber)
  return rows.map(({ batchNumber, closedAt }) => ({ batchNumber, isClosed: closedAt !== null }))
}

export async function setForkId(tx: Queryable, fromBatch: BatchNumber, forkId: number): Promise<void> {
  await tx.update(batches).set({ forkId }).where(gte(batches.batchNumber, fromBatch))
}
