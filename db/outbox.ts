import { asc, inArray } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { outbox } from './schema.ts'

/** A signal to a workflow. With `batchNumber`, the workflow is that batch's and may have to be started by it. */
export type NewSignal = { workflowId: string; signal: string; args: readonly unknown[]; batchNumber?: BatchNumber }
export type StoredSignal = NewSignal & { id: number }

/** Writes signals in the transaction that makes them true. */
export async function insertSignals(tx: Queryable, signals: readonly NewSignal[]): Promise<void> {
  await insertMany(
    tx,
    outbox,
    signals.map(({ workflowId, signal, args, batchNumber }) => ({
      ...{ workflowId, signal, payload: args, batchNumber: batchNumber ?? null },
    })),
  )
}

/** The oldest signals that are still to be delivered. */
export async function findSignals(db: Queryable, limit = 500): Promise<StoredSignal[]> {
  const rows = await db.select().from(outbox).orderBy(asc(outbox.id)).limit(limit)
  return rows.map(({ id, workflowId, signal, payload, batchNumber }) => ({
    ...{ id, workflowId, signal, args: payload as unknown[] },
    ...(batchNumber !== null && { batchNumber }),
  }))
}

export async function deleteSignals(db: Queryable, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await db.delete(outbox).where(inArray(outbox.id, [...ids]))
}
