import type { Database, Queryable } from './client.ts'

/** Readings that all see the State DB of one moment: blocks may be undone and replaced between two queries. */
export function inSnapshot<T>(db: Pick<Database, 'transaction'>, read: (tx: Queryable) => Promise<T>): Promise<T> {
  return db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' })
}
