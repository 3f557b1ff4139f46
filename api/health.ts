import { sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import type { Gate } from './gate.ts'
import type { Head } from './head.ts'

export type Check = { ok: boolean; since: string; error?: string; [detail: string]: unknown }
export type Readiness = { status: 'ready' | 'not ready'; checks: Record<string, Check> }

export interface Health {
  /** The API is ready when its database answers, it has the chain's head and it is not shutting down. */
  check(): Promise<Readiness>
}

type Finding = { ok: boolean; error?: string; [detail: string]: unknown }

const DATABASE_TIMEOUT_MS = 2000

/** `findHead` answers undefined until the head is followed. */
export function createHealth({
  db,
  gate,
  findHead,
}: {
  db: Database
  gate: Gate
  findHead: () => Head | undefined
}): Health {
  const since = new Map<string, { ok: boolean; at: string }>()

  /** `since`: when the check was first seen as it is now. */
  function date(name: string, { ok, ...rest }: Finding): Check {
    let known = since.get(name)
    if (known === undefined || known.ok !== ok) {
      known = { ok, at: new Date().toISOString() }
      since.set(name, known)
    }
    return { ok, since: known.at, ...rest }
  }

  return {
    async check() {
      const findings = {
        database: await checkDatabase(db),
        head: checkHead(findHead()),
        process: checkProcess(gate),
      }
      const checks = Object.fromEntries(Object.entries(findings).map(([name, finding]) => [name, date(name, finding)]))
      const isReady = Object.values(checks).every(({ ok }) => ok)
      return { status: isReady ? 'ready' : 'not ready', checks }
    },
  }
}

function checkProcess({ state }: Gate): Finding {
  if (state === 'open') return { ok: true }
  return { ok: false, error: state === 'starting' ? 'node is starting' : 'node is stopping' }
}

function checkHead(head: Head | undefined): Finding {
  if (head === undefined) return { ok: false, error: 'no block is known yet' }
  const { blockNumber, timestamp } = head.latest
  return { ok: true, blockNumber, ageSeconds: Math.max(0, Math.floor(Date.now() / 1000) - timestamp) }
}

async function checkDatabase(db: Database): Promise<Finding> {
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
