import { eq, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import { ObjectNotFoundError, type ObjectStore } from '#prover/objectStore.ts'
import type { Queryable } from './client.ts'
import { objects } from './proofSchema.ts'

/** Contents in the proof store's database. */
export function createDatabaseObjectStore(db: Queryable): ObjectStore {
  const get = async (key: string): Promise<Uint8Array> => {
    const [row] = await db.select({ content: objects.content }).from(objects).where(eq(objects.key, key))
    if (row !== undefined) return row.content
    throw new ObjectNotFoundError('The proof store has nothing under this key.', { facts: { key } })
  }
  return {
    get,
    async put(key, content) {
      const inserted = await db
        .insert(objects)
        .values({ key, content })
        .onConflictDoNothing()
        .returning({ key: objects.key })
      return inserted.length === 1 ? content : await get(key)
    },
    async has(key) {
      const rows = await db.select({ key: objects.key }).from(objects).where(eq(objects.key, key))
      return rows.length === 1
    },
  }
}

/** Last batch of what is under a key: `witness/7/…`, `inputs/7/…`, `proof/batch-7-…`, `proof/joined-5-7-…`. */
const LAST_BATCH = sql`coalesce(
  substring(${objects.key} from '^(?:witness/|inputs/|proof/batch-)([0-9]+)[/-]'),
  substring(${objects.key} from '^proof/[a-z]+-[0-9]+-([0-9]+)-')
)::bigint`

/** Deletes witnesses, inputs and proofs that are of no later batch than this one. Returns how many. */
export async function deleteObjectsUpTo(db: Queryable, batchNumber: BatchNumber): Promise<number> {
  const deleted = await db.delete(objects).where(sql`${LAST_BATCH} <= ${batchNumber}`).returning({ key: objects.key })
  return deleted.length
}
