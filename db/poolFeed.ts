import { and, asc, eq, gt, inArray, or, sql } from 'drizzle-orm'
import type { Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { poolTransactions } from './schema.ts'

export type PoolRow = typeof poolTransactions.$inferSelect

/**
 * Waiting transactions that arrived after `after`, and those of the arrivals named (which were not visible earlier),
 * in order of arrival.
 */
export async function findArrivals(
  db: Queryable,
  { after, also, limit }: { after: number; also: readonly number[]; limit: number },
): Promise<PoolRow[]> {
  const newer = gt(poolTransactions.arrival, after)
  return await db
    .select()
    .from(poolTransactions)
    .where(
      and(
        eq(poolTransactions.status, 'pending'),
        also.length === 0 ? newer : or(newer, inArray(poolTransactions.arrival, [...also])),
      ),
    )
    .orderBy(asc(poolTransactions.arrival))
    .limit(limit)
}

/** Marks transactions that will never run, with the reason their senders can read. */
export async function rejectTransactions(db: Queryable, hashes: readonly Hash[], reason: string): Promise<void> {
  if (hashes.length === 0) return
  await db
    .update(poolTransactions)
    .set({ status: 'rejected', rejectedReason: reason })
    .where(inArray(poolTransactions.hash, [...hashes]))
}

/** Removes transactions whose nonce was used by another one. */
export async function deleteTransactions(db: Queryable, hashes: readonly Hash[]): Promise<void> {
  if (hashes.length === 0) return
  await db.delete(poolTransactions).where(inArray(poolTransactions.hash, [...hashes]))
}

/** Removes transactions that waited or stood rejected for longer than this. Returns those that were still waiting. */
export async function deleteOldTransactions(db: Queryable, lifetimeMs: number): Promise<Hash[]> {
  const rows = await db
    .delete(poolTransactions)
    .where(sql`${poolTransactions.receivedAt} < now() - make_interval(secs => ${lifetimeMs / 1000})`)
    .returning({ hash: poolTransactions.hash, status: poolTransactions.status })
  return rows.filter(({ status }) => status === 'pending').map(({ hash }) => hash)
}
