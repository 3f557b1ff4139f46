import { asc } from 'drizzle-orm'
import type { Queryable } from '../client.ts'
import { nodeVersions } from '../schema.ts'

/** Remembers that this version runs on the data; its first start stays. */
export async function noteNodeVersion(db: Queryable, version: string): Promise<void> {
  await db.insert(nodeVersions).values({ version }).onConflictDoNothing()
}

/** Oldest first. */
export async function readNodeVersions(db: Queryable): Promise<{ version: string; startedAt: Date }[]> {
  return await db.select().from(nodeVersions).orderBy(asc(nodeVersions.startedAt))
}
