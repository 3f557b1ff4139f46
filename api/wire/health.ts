import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { databaseCheck } from '#ops/databaseCheck.ts'
import type { Checks, Finding } from '#ops/health.ts'
import type { Head } from '../chain/head.ts'
import type { Gate } from './gate.ts'

type Limits = Pick<Config['ops'], 'maxBlocksBehind' | 'maxBlockAgeMs'>

/**
 * The API is ready when its database answers, it has the chain's head and it is not shutting down.
 * @param findHead answers undefined until the head is followed
 * @param limits of a node that follows a sequencer
 */
export function addApiChecks(
  checks: Checks,
  {
    db,
    gate,
    findHead,
    limits,
  }: { db: Database; gate: Gate; findHead: () => Head | undefined; limits: Limits | undefined },
): void {
  checks.add('database', databaseCheck(db))
  checks.add('head', () => checkHead(findHead()))
  checks.add('sync', () => checkSync(db, findHead(), limits))
  checks.add('process', () => checkProcess(gate))
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
