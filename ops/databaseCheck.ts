import { sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import type { Finding } from './health.ts'

/** Whether the database answers. */
export const databaseCheck = (db: Database) => async (): Promise<Finding> => {
  try {
    await db.execute(sql`select 1`)
    return { ok: true }
  } catch {
    return { ok: false, error: 'the database does not answer' }
  }
}
