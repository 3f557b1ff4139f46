import { sql } from 'drizzle-orm'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import type { Head } from '../chain/head.ts'
import type { Gate } from './gate.ts'

export type Check = { ok: boolean; since: string; error?: string; [detail: string]: unknown }
export type Readiness = { status: 'ready' | 'not ready'; checks: Record<string, Check> }

export interface Health {
  /** The API is ready when its database answers, it has the chain's head and it is not shutting down. */
  check(): Promise<Readiness>
}

type Limits = Pick<Config['ops'], 'maxBlocksBehind' | 'maxBlockAgeMs'>
type Finding = { ok: boolean; error?: string; [detail: string]: unknown }

const DATABASE_TIMEOUT_MS = 2000

/** `findHead` answers undefined until the head is followed. `ops` are the limits of a node that follows a sequencer. */
export function createHealth({
  db,
  gate,
  findHead,
  ops,
}: {
  db: Database
  gate: Gate
  findHead: () => Head | undefined
  ops: Limits | undefined
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
        sync: await checkSync(db, findHead(), ops),
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

/** A sequencer makes the blocks: whatever it has is the newest. */
async function checkSync(db: Database, head: Head | undefined, limits: Limits | undefined): Promise<Finding> {
  if (limits === undefined) return { ok: true }
  const { maxBlocksBehind: limit, maxBlockAgeMs } = limits
  try {
    const l1 = await readL1Progress(db)
    if (l1 === undefined || head === undefined) return { ok: false, error: 'L1 was not read yet', limit }
    const blocksBehind = Math.max(0, l1.target - l1.position)
    const secondsBehind = Math.max(0, Math.floor(Date.now() / 1000) - head.latest.timestamp)
    const isOld = maxBlockAgeMs > 0 && secondsBehind * 1000 > maxBlockAgeMs
    const error =
      blocksBehind > limit ? 'too many L1 blocks to read' : isOld ? 'the newest block is too old' : undefined
    return { ok: error === undefined, ...{ blocksBehind, secondsBehind, limit }, ...(error && { error }) }
  } catch {
    return { ok: false, error: 'the database does not answer', limit }
  }
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
