import { sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import type { Head } from './head.ts'

export type Readiness = {
  status: 'ready' | 'not ready'
  checks: Record<string, { ok: boolean; error?: string; [detail: string]: unknown }>
}

export interface Health {
  /** The API is ready when its database answers and it is not shutting down. */
  check(): Promise<Readiness>
  /** From now on not ready: no new work is wanted. */
  drain(): void
}

const DATABASE_TIMEOUT_MS = 2000

export function createHealth({ db, head }: { db: Database; head: Head }): Health {
  let draining = false
  return {
    async check() {
      const database = await checkDatabase(db)
      const ok = database.ok && !draining
      const { blockNumber, timestamp } = head.latest
      return {
        status: ok ? 'ready' : 'not ready',
        checks: {
          database,
          head: { ok: true, blockNumber, ageSeconds: Math.max(0, Math.floor(Date.now() / 1000) - timestamp) },
          draining: { ok: !draining },
        },
      }
    },
    drain() {
      draining = true
    },
  }
}

async function checkDatabase(db: Database): Promise<{ ok: boolean; error?: string }> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), DATABASE_TIMEOUT_MS)
  })
  try {
    await Promise.race([db.execute(sql`select 1`), late])
    return { ok: true }
  } catch {
    return { ok: false, error: 'the database does not answer' }
  } finally {
    clearTimeout(timer)
  }
}
