/** `baseMs`: for the first fault; doubled with each further one up to `maximumMs`. */
export type AsideTimes = { baseMs: number; maximumMs: number }

type Record = { faults: number; until: number; reason: string }

/** Which provers get no work for now, and why. Kept by prover, so that dialling in again does not clear it. */
export class AsideBook {
  readonly #times: AsideTimes
  readonly #records = new Map<string, Record>()

  constructor(times: AsideTimes) {
    this.#times = times
  }

  /** @returns until when, as a time of `Date.now()` */
  put(proverId: string, reason: string): number {
    const faults = (this.#records.get(proverId)?.faults ?? 0) + 1
    const until = Date.now() + Math.min(this.#times.maximumMs, this.#times.baseMs * 2 ** (faults - 1))
    this.#records.set(proverId, { faults, until, reason })
    return until
  }

  /** Undefined once the time is over. */
  find(proverId: string): { until: number; reason: string } | undefined {
    const record = this.#records.get(proverId)
    return record !== undefined && record.until > Date.now() ? record : undefined
  }

  /** A sound proof takes one fault off the count. */
  forgive(proverId: string): void {
    const record = this.#records.get(proverId)
    if (record === undefined) return
    if (record.faults <= 1) this.#records.delete(proverId)
    else this.#records.set(proverId, { ...record, faults: record.faults - 1 })
  }

  /** Ends it at once and forgets the faults. */
  release(proverId: string): void {
    this.#records.delete(proverId)
  }
}
