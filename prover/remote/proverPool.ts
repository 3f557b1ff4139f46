import { AsideBook, type AsideTimes } from './aside.ts'
import type { ProverConnection } from './connection.ts'
import type { GetStatusResponse } from './messages.ts'
import { identifyProver, PoolEntry, type ProverView } from './poolEntry.ts'

type Options = {
  aside: AsideTimes
  /** Called with every prover of which something changed. */
  onChange: (prover: ProverView) => void
}
/** How long provers that went away are remembered. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000

/** The provers that dialled in, who of them has work, and who waits for one: any job may take any idle prover. */
export class ProverPool {
  readonly #entries = new Map<string, PoolEntry>()
  readonly #aside: AsideBook
  readonly #onChange: (prover: ProverView) => void
  /** Tried again in their order whenever something changes. */
  readonly #waiting = new Set<() => void>()

  constructor({ aside, onChange }: Options) {
    this.#aside = new AsideBook(aside)
    this.#onChange = onChange
  }

  /** A prover of the right fork came. Its former stream, if there is one still, is over. */
  join(connection: ProverConnection, status: GetStatusResponse): PoolEntry {
    const entry = this.#enter(connection, status)
    entry.connection?.end({ by: 'dropped', reason: 'The prover dialled in anew.' })
    entry.connection = connection
    entry.goneReason = undefined
    entry.learn(status)
    connection.over.addEventListener('abort', () => this.#left(entry, connection), { once: true })
    this.#changed(entry)
    return entry
  }

  /** A prover that is not to stay, so that operators see why. */
  turnAway(connection: ProverConnection, status: GetStatusResponse, reason: string): void {
    const entry = this.#enter(connection, status)
    if (entry.connection !== undefined) return
    entry.status = status
    entry.goneReason = reason
    this.#changed(entry)
  }

  /** The prover told its status. */
  learn(entry: PoolEntry, status: GetStatusResponse): void {
    if (status.forkId !== entry.status.forkId)
      entry.connection?.end({ by: 'fault', reason: `Went from fork ${entry.status.forkId} to ${status.forkId}.` })
    entry.learn(status)
    this.#changed(entry)
  }

  /** The prover answered a question about its job. */
  seen(entry: PoolEntry): void {
    entry.seenAt = Date.now()
    this.#changed(entry)
  }

  /** An idle prover, now at work for this job; undefined when there is none in time. */
  take(jobId: string, wait: { signal: AbortSignal; waitMs: number }): Promise<PoolEntry | undefined> {
    return this.#waitFor(() => {
      const entry = [...this.#entries.values()].find((candidate) => this.#isIdle(candidate))
      return entry && this.#assign(entry, jobId)
    }, wait)
  }

  /** This very prover, also when it computes something already; undefined when it is not to be had in time. */
  takeKnown(
    proverId: string,
    jobId: string,
    wait: { signal: AbortSignal; waitMs: number },
  ): Promise<PoolEntry | undefined> {
    return this.#waitFor(() => {
      const entry = this.#entries.get(proverId)
      const isThere = entry?.connection !== undefined && entry.jobId === undefined
      return isThere && this.#aside.find(proverId) === undefined ? this.#assign(entry, jobId) : undefined
    }, wait)
  }

  /** The job is over, whatever came of it; the prover gets the next one when it says it is idle. */
  finish(entry: PoolEntry, outcome: 'proved' | 'failed' | 'ended'): void {
    entry.jobId = undefined
    if (outcome === 'failed') entry.failed++
    if (outcome === 'proved') {
      entry.proved++
      this.#aside.forgive(entry.proverId)
    }
    entry.wake()
    this.#changed(entry)
  }

  /** No work for this prover for a while. */
  putAside(entry: PoolEntry, reason: string): void {
    const until = this.#aside.put(entry.proverId, reason)
    setTimeout(() => this.#changed(entry), until - Date.now() + 1).unref()
    this.#changed(entry)
  }

  /** An operator trusts the prover again. @returns whether there is such a prover */
  release(proverId: string): boolean {
    const entry = this.#entries.get(proverId)
    if (entry === undefined) return false
    this.#aside.release(proverId)
    this.#changed(entry)
    return true
  }

  list(): ProverView[] {
    return [...this.#entries.values()].map((entry) => this.view(entry))
  }

  /** Ends every stream. */
  close(): void {
    for (const { connection } of this.#entries.values())
      connection?.end({ by: 'closed', reason: 'The aggregator is closing.' })
  }

  #enter(connection: ProverConnection, status: GetStatusResponse): PoolEntry {
    this.#forgetGone()
    const proverId = identifyProver(status, connection.address)
    const entry = this.#entries.get(proverId) ?? new PoolEntry(proverId, status)
    this.#entries.set(proverId, entry)
    entry.address = connection.address
    entry.connectedAt = entry.seenAt = Date.now()
    return entry
  }

  #left(entry: PoolEntry, connection: ProverConnection): void {
    const { by, reason } = connection.ending!
    if (entry.connection !== connection) return
    const isMidProof = by === 'dropped' && entry.jobId !== undefined
    entry.connection = undefined
    entry.isReady = false
    entry.goneReason = isMidProof ? 'Dropped its stream in mid-proof.' : reason
    if (by === 'fault' || isMidProof) this.putAside(entry, entry.goneReason)
    else this.#changed(entry)
  }

  #isIdle(entry: PoolEntry): boolean {
    return entry.connection !== undefined && entry.isReady && this.#aside.find(entry.proverId) === undefined
  }

  #assign(entry: PoolEntry, jobId: string): PoolEntry {
    entry.jobId = jobId
    entry.isReady = false
    this.#changed(entry)
    return entry
  }

  view(entry: PoolEntry): ProverView {
    return entry.view(this.#aside.find(entry.proverId))
  }

  #changed(entry: PoolEntry): void {
    this.#onChange(this.view(entry))
    this.#retryWaiting()
  }

  #retryWaiting(): void {
    for (const retry of [...this.#waiting]) retry()
  }

  #forgetGone(): void {
    for (const [proverId, { connection, jobId, seenAt }] of this.#entries)
      if (connection === undefined && jobId === undefined && seenAt + FORGET_AFTER_MS < Date.now())
        this.#entries.delete(proverId)
  }

  async #waitFor<T>(
    attempt: () => T | undefined,
    { signal, waitMs }: { signal: AbortSignal; waitMs: number },
  ): Promise<T | undefined> {
    signal.throwIfAborted()
    const found = attempt()
    if (found !== undefined) return found
    return await new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        this.#waiting.delete(retry)
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        action()
      }
      let isTrying = false // what an attempt changes has everybody try again
      const retry = () => {
        if (isTrying || !this.#waiting.has(retry)) return
        isTrying = true
        const result = attempt()
        isTrying = false
        if (result !== undefined) settle(() => resolve(result))
      }
      const aborted = () => settle(() => reject(signal.reason))
      const timer = setTimeout(() => settle(() => resolve(undefined)), waitMs)
      this.#waiting.add(retry)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }
}
