import { and, eq, gte, lt, sql } from 'drizzle-orm'
import { ObjectNotFoundError, type ObjectStore } from '#prover/objectStore.ts'
import { arrayOf } from './arrays.ts'
import type { Queryable } from './client.ts'
import { objects } from './proofSchema.ts'

/** Behind every ASCII text, compared byte by byte. */
const LAST = '\uffff'

/** Contents in the proof store's database. */
export function createDatabaseObjectStore(db: Queryable): ObjectStore {
  const find = async (key: string): Promise<Uint8Array | undefined> => {
    const [row] = await db.select({ content: objects.content }).from(objects).where(eq(objects.key, key))
    return row?.content
  }
  const get = async (key: string): Promise<Uint8Array> => {
    const content = await find(key)
    if (content !== undefined) return content
    throw new ObjectNotFoundError('The proof store has nothing under this key.', { facts: { key } })
  }
  return {
    find,
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
    async delete(keys) {
      if (keys.length === 0) return
      await db.delete(objects).where(sql`${objects.key} = any(${arrayOf('text', [...keys])})`)
    },
    async deletePrefix(prefix) {
      await db.delete(objects).where(and(gte(objects.key, prefix), lt(objects.key, `${prefix}${LAST}`)))
    },
  }
}
