import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Database, Queryable } from '../client.ts'
import { notify } from '../notify.ts'
import { apiKeys } from '../schema.ts'

export type ApiKeyRow = typeof apiKeys.$inferSelect
export type NewApiKey = Pick<ApiKeyRow, 'id' | 'keyHash' | 'namespaces' | 'ratePerSecond' | 'note'>

export async function insertApiKey(db: Database, key: NewApiKey): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.insert(apiKeys).values(key)
    await notify(tx, 'api_key', 0)
  })
}

/** All keys ever made, the oldest first. */
export async function listApiKeys(db: Queryable): Promise<ApiKeyRow[]> {
  return await db.select().from(apiKeys).orderBy(asc(apiKeys.createdAt), asc(apiKeys.id))
}

export async function readValidApiKeys(db: Queryable): Promise<ApiKeyRow[]> {
  return await db.select().from(apiKeys).where(isNull(apiKeys.revokedAt))
}

/** From now on the key is refused. false when there is no such key, or it was revoked before. */
export async function revokeApiKey(db: Database, id: string): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const rows = await tx
      .update(apiKeys)
      .set({ revokedAt: sql`now()` })
      .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      .returning({ id: apiKeys.id })
    await notify(tx, 'api_key', 0)
    return rows.length > 0
  })
}
