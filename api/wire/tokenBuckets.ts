/** What every account may spend: so much a second, and `burst` at once after a time of rest. */
export type Allowance = { perSecond: number; burst: number }

type Bucket = { tokens: number; at: number }

const SWEEP_SIZE = 10_000

/** Accounts that fill with time. Those that are full again are forgotten. `now` is in milliseconds. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number
  #sweepAt = SWEEP_SIZE

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get size(): number {
    return this.#buckets.size
  }

  /**
   * Takes the cost from an account and answers 0, or takes nothing and answers the seconds until it could. A cost above
   * the burst passes when the account is full, and leaves a debt.
   */
  spend(account: string, cost: number, { perSecond, burst }: Allowance): number {
    const now = this.#now()
    const bucket = this.#buckets.get(account) ?? this.#open(account, burst, now)
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    const missing = Math.min(cost, burst) - bucket.tokens
    if (missing > 0) return missing / perSecond
    bucket.tokens -= cost
    return 0
  }

  #open(account: string, tokens: number, at: number): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(at)
    const bucket = { tokens, at }
    this.#buckets.set(account, bucket)
    return bucket
  }

  /** Forgets who rested for a minute. When that is hardly anybody, the next sweep comes later. */
  #sweep(now: number): void {
    for (const [account, { at }] of this.#buckets) if (now - at > REST_MS) this.#buckets.delete(account)
    this.#sweepAt = Math.max(SWEEP_SIZE, this.#buckets.size * 2)
  }
}

const REST_MS = 60_000
