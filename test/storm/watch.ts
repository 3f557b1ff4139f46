import type { Connection } from '@temporalio/client'
import { count, isNotNull } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import { attempts } from '#db/proofSchema.ts'
import { listProvers } from '#db/provers.ts'
import { PROVER_QUEUE } from '#workflows/messages.ts'
import type { ProverProcess } from './proverProcess.ts'

const EVERY_MS = 250
const ACTIVITY_QUEUE = 2

type Place = { db: Database; connection: Connection; namespace: string; provers: readonly ProverProcess[] }

/**
 * Looks every quarter of a second how long provers are idle while work waits. *Work waits* when Temporal has jobs in the
 * backlog of the queue for any prover: scheduled, and taken by nobody. *Idle* is a prover whose process is up, that has
 * connected since, says so in the proof store, and began no job between two looks. A stretch ends when either
 * does not hold, so it is exact to one look.
 */
export class StormWatch {
  /** The longest stretch of each prover. */
  readonly longestIdle = new Map<string, { milliseconds: number; since: Date }>()
  /** How often each prover was put aside, by reason. */
  readonly asides = new Map<string, Map<string, number>>()
  /** Most jobs that waited at once. */
  mostWaiting = 0
  readonly #place: Place
  readonly #idleSince = new Map<string, number>()
  readonly #asideUntil = new Map<string, number>()
  #jobs = new Map<string, number>()
  #isOver = false
  #looking: Promise<void> = Promise.resolve()

  constructor(place: Place) {
    this.#place = place
  }

  start(): void {
    this.#looking = this.#lookAgainAndAgain()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#looking
  }

  async #lookAgainAndAgain(): Promise<void> {
    while (!this.#isOver) {
      const next = Date.now() + EVERY_MS
      await this.#look()
      await new Promise((resolve) => setTimeout(resolve, next - Date.now()))
    }
  }

  async #look(): Promise<void> {
    const { db, provers } = this.#place
    const [waiting, rows, begun] = await Promise.all([this.#countWaiting(), listProvers(db), countJobs(db)])
    const now = Date.now()
    this.mostWaiting = Math.max(this.mostWaiting, waiting)
    for (const { proverId, freshSince } of provers) {
      const row = rows.find((row) => row.proverId === proverId)
      if (row === undefined) continue
      if (row.state === 'aside') this.#noteAside(proverId, row.asideUntil?.getTime() ?? 0, row.reason ?? '')
      const isConnected = freshSince !== undefined && row.connectedAt.getTime() > freshSince
      const isIdle = isConnected && row.state === 'idle' && begun.get(proverId) === this.#jobs.get(proverId)
      if (waiting === 0 || !isIdle) this.#idleSince.delete(proverId)
      else {
        const since = this.#idleSince.get(proverId) ?? now
        this.#idleSince.set(proverId, since)
        if (now - since <= (this.longestIdle.get(proverId)?.milliseconds ?? 0)) continue
        this.longestIdle.set(proverId, { milliseconds: now - since, since: new Date(since) })
      }
    }
    this.#jobs = begun
  }

  async #countWaiting(): Promise<number> {
    const { connection, namespace } = this.#place
    const taskQueue = { name: PROVER_QUEUE.any }
    const request = { namespace, taskQueue, taskQueueType: ACTIVITY_QUEUE, reportStats: true }
    const { stats } = await connection.workflowService.describeTaskQueue(request)
    return Number(stats?.approximateBacklogCount ?? 0)
  }

  #noteAside(proverId: string, until: number, reason: string): void {
    if (this.#asideUntil.get(proverId) === until) return
    this.#asideUntil.set(proverId, until)
    const reasons = this.asides.get(proverId) ?? new Map<string, number>()
    this.asides.set(proverId, reasons)
    const kind = withoutNames(reason)
    reasons.set(kind, (reasons.get(kind) ?? 0) + 1)
  }
}

/** Reasons name requests, sizes and roots: what is left counts together. */
export const withoutNames = (reason: string) =>
  reason
    .replace(/\b(?:remote-\d+-)?(?:0x)?[0-9a-f]{8,}\b/g, '…')
    .replace(/\d+/g, 'n')
    .slice(0, 100)

async function countJobs(db: Database): Promise<Map<string, number>> {
  const rows = await db
    .select({ proverId: attempts.proverId, jobs: count() })
    .from(attempts)
    .where(isNotNull(attempts.proverId))
    .groupBy(attempts.proverId)
  return new Map(rows.map(({ proverId, jobs }) => [proverId!, jobs]))
}
