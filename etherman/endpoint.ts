import { type JsonRpcTarget, jsonRpcTarget } from '#common/jsonRpcTarget.ts'
import { readAnswer } from './answer.ts'
import { L1UnavailableError } from './errors.ts'

export type Call = <Result>(method: string, params: readonly unknown[]) => Promise<Result>

const BACKOFF = { limitedMs: 200, awayMs: 1000, mostMs: 30_000 }

/**
 * One JSON-RPC endpoint: how many requests it bears at once, and when it is better left alone. The number falls by half
 * when it limits our rate and grows again by one a round of successes.
 */
export class L1Endpoint {
  /** Without path and query, where providers have their keys. */
  readonly name: string
  /** Its chain is known to be the right one. */
  isChecked = false
  /** Told with others at the same time: behind them by more than is usual. */
  isBehind = false
  readonly #options: { url: string; requestTimeoutMs: number; maxParallel: number }
  readonly #target: JsonRpcTarget
  readonly #underWay = new Set<AbortController>()
  readonly #waiting: (() => void)[] = []
  #closed = false
  #lastId = 0
  #parallel: number
  #failedAt = 0
  #failures = 0
  #rest: { until: number; limited: boolean } = { until: 0, limited: false }

  constructor(options: { url: string; requestTimeoutMs: number; maxParallel: number }) {
    this.#options = options
    this.#parallel = options.maxParallel
    this.#target = jsonRpcTarget(options.url)
    this.name = this.#target.host
  }

  /** Milliseconds for which it should be left alone; `limited` when that is because it limits our rate. */
  get rest(): { ms: number; limited: boolean } {
    return { ms: Math.max(0, this.#rest.until - Date.now()), limited: this.#rest.limited }
  }

  leaveAlone(ms: number): void {
    this.#rest = { until: Date.now() + ms, limited: false }
  }

  readonly call: Call = async <Result>(method: string, params: readonly unknown[]) => {
    await this.#enter()
    const startedAt = Date.now()
    try {
      const answer = readAnswer(method, await this.#post(method, params))
      this.#succeeded()
      return answer as Result
    } catch (error) {
      if (error instanceof L1UnavailableError) this.#failed(error, startedAt)
      else this.#succeeded() // an error in JSON-RPC is an answer
      throw error
    } finally {
      this.#leave()
    }
  }

  close(): void {
    this.#closed = true
    for (const request of this.#underWay) request.abort()
  }

  async #post(method: string, params: readonly unknown[]) {
    if (this.#closed) throw new L1UnavailableError('The L1 client is closed.', { facts: { method } })
    const { requestTimeoutMs } = this.#options
    const request = new AbortController()
    const timer = setTimeout(() => request.abort(), requestTimeoutMs)
    this.#underWay.add(request)
    let reached = false
    try {
      const response = await this.#target.post({ id: ++this.#lastId, method, params }, request.signal)
      reached = true
      return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') }
    } catch (cause) {
      const timedOut = !this.#closed && (request.signal.aborted || reached)
      const message = timedOut ? 'L1 did not answer in time.' : 'L1 cannot be reached.'
      throw new L1UnavailableError(message, {
        cause,
        timedOut,
        facts: { method, endpoint: this.name, requestTimeoutMs },
      })
    } finally {
      clearTimeout(timer)
      this.#underWay.delete(request)
    }
  }

  #active = 0

  async #enter(): Promise<void> {
    while (this.#active >= Math.floor(this.#parallel)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#active++
  }

  #leave(): void {
    this.#active--
    for (let free = Math.floor(this.#parallel) - this.#active; free > 0; free--) this.#waiting.shift()?.()
  }

  #succeeded(): void {
    this.#failures = 0
    this.#parallel = Math.min(this.#options.maxParallel, this.#parallel + 1 / this.#parallel)
  }

  /** Requests that were under way together fail as one: only the first of them makes the rest longer. */
  #failed({ limit }: L1UnavailableError, startedAt: number): void {
    if (limit === undefined) this.isChecked = false // what comes back may be another
    const isFirst = startedAt >= this.#failedAt
    if (!isFirst && limit?.retryAfterMs === undefined) return
    if (isFirst) {
      this.#failedAt = Date.now()
      this.#failures++
      if (limit !== undefined) this.#parallel = Math.max(1, this.#parallel / 2)
    }
    const base = limit === undefined ? BACKOFF.awayMs : BACKOFF.limitedMs
    const backoffMs = Math.min(BACKOFF.mostMs, base * 2 ** (this.#failures - 1)) * (0.5 + Math.random() / 2)
    this.#rest = { until: Date.now() + (limit?.retryAfterMs ?? backoffMs), limited: limit !== undefined }
  }
}
