import { asc, inArray } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { outbox } from './schema.ts'

export type OutboxRow = typeof outbox.$inferSelect
/** A signal to a workflow. With `batchNumber`, the workflow is that batch's and may have to be started by it. */
export type NewSignal = { workflowId: string; signal: string; payload: unknown; batchNumber?: BatchNumber }

/** Writes signals in the transaction that makes them true. */
export async function insertSignals(tx: Queryable, signals: readonly NewSignal[]): Promise<void> {
  await insertMany(
    tx,
    outbox,
    signals.map((signal) => ({ batchNumber: null, ...signal })),
  )
}

/** The oldest signals that are still to be delivered. */
export async function findSignals(db: Queryable, limit = 500): Promise<OutboxRow[]> {
  return await db.select().from(outbox).orderBy(asc(outbox.id)).limit(limit)
}

export async function deleteSignals(db: Queryable, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await db.delete(outbox).where(inArray(outbox.id, [...ids]))
}
