import { eq, sql } from 'drizzle-orm'
import type { Database, Queryable } from '../client.ts'
import { poolTransactions, type RpcFilterKind, rpcFilters } from '../schema.ts'

export type RpcFilter = { id: string; kind: RpcFilterKind; criteria: unknown; position: number; removal: number }
/** `owner`: who makes it, by network address; null where that is not known. */
export type NewRpcFilter = RpcFilter & { owner: string | null }

/** A filter that is not polled for this long is gone. */
const LIFETIME_SECONDS = 300
/** Most filters of a network's API processes together. */
const MAX_FILTERS = 10_000
/** Most of one owner. */
const MAX_FILTERS_OF_OWNER = 100

const expired = sql`${rpcFilters.polledAt} < now() - make_interval(secs => ${LIFETIME_SECONDS})`

/** Stores a filter and forgets expired ones. false when there are too many, in all or of the owner. */
export async function insertRpcFilter(db: Queryable, filter: NewRpcFilter): Promise<boolean> {
  await db.delete(rpcFilters).where(expired)
  const ofOwner = sql<string>`count(*) filter (where ${rpcFilters.owner} = ${filter.owner}::text)`
  const [row] = await db.select({ all: sql<string>`count(*)`, ofOwner }).from(rpcFilters)
  if (Number(row?.all ?? 0) >= MAX_FILTERS || Number(row?.ofOwner ?? 0) >= MAX_FILTERS_OF_OWNER) return false
  await db.insert(rpcFilters).values(filter)
  return true
}

/** The filter unless it is expired; does not count as a poll. */
export async function findRpcFilter(db: Queryable, id: string): Promise<RpcFilter | undefined> {
  const [row] = await db.select().from(rpcFilters).where(sql`${rpcFilters.id} = ${id} and not (${expired})`)
  return row
}

/**
 * Reads what is new for a filter and moves its position, as one step: two polls at once deliver nothing twice.
 * undefined when there is no such filter.
 */
export async function pollRpcFilter<T>(
  db: Database,
  id: string,
  read: (filter: RpcFilter) => Promise<{ items: T[]; position: number; removal: number }>,
): Promise<T[] | undefined> {
  return await db.transaction(async (tx) => {
    const [filter] = await tx
      .select()
      .from(rpcFilters)
      .where(sql`${rpcFilters.id} = ${id} and not (${expired})`)
      .for('update')
    if (filter === undefined) return undefined
    const { items, ...place } = await read(filter)
    await tx
      .update(rpcFilters)
      .set({ ...place, polledAt: sql`now()` })
      .where(eq(rpcFilters.id, id))
    return items
  })
}

/** Whether there was one. */
export async function deleteRpcFilter(db: Queryable, id: string): Promise<boolean> {
  return (await db.delete(rpcFilters).where(eq(rpcFilters.id, id)).returning({ id: rpcFilters.id })).length > 0
}

/** Highest arrival given so far; 0 for an empty pool. */
export async function findNewestArrival(db: Queryable): Promise<number> {
  const [row] = await db.select({ newest: sql<string | null>`max(${poolTransactions.arrival})` }).from(poolTransactions)
  return Number(row?.newest ?? 0)
}
