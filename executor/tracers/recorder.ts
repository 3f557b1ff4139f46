import { NodeError } from '#common/errors.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import type { Tracer } from '../evm/tracer.ts'
import type { WorldState } from '../worldState.ts'

/** A trace has grown above what an answer may hold. */
export class TraceTooLargeError extends NodeError {
  override readonly name = 'TraceTooLargeError'
}

/** What became of a traced transaction or call. */
export type TracedOutcome = {
  gasLimit: number
  /** As in the receipt. */
  gasUsed: number
  success: boolean
  returnData: Uint8Array
  /** Of the transaction alone. */
  counters: ZkCounters
}

/** Watches one transaction and makes an answer of it. */
export interface TraceRecorder {
  readonly tracer: Tracer
  /** After the run, on the world it ended with. Plain JSON. */
  result(outcome: TracedOutcome, world: WorldState): unknown
}

/** Counts what recorders keep, as bytes of the answer's JSON, roughly. */
export class TraceBudget {
  #left: number

  constructor(maxBytes: number) {
    this.#left = maxBytes
  }

  /** @throws {TraceTooLargeError} */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new TraceTooLargeError('The trace is too large for an answer.')
  }
}
