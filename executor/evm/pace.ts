import { setImmediate as nextTurn } from 'node:timers/promises'
import { NodeError } from '#common/errors.ts'

/** An execution that nobody waits for any more. The world it ran on is in the middle of a transaction: revert or drop it. */
export class ExecutionAbortedError extends NodeError {
  override readonly name = 'ExecutionAbortedError'
}

/** Longest run of instructions without a look at the event loop. */
const TURN_MS = 10

/** Lets others on the event loop have their turn during long executions, and ends those whose signal is aborted. */
export class Pace {
  readonly #signal: AbortSignal
  #turnEnds = performance.now() + TURN_MS

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Whether the execution must call `pause` before it goes on. Asked every few thousand instructions. */
  isDue(): boolean {
    return performance.now() >= this.#turnEnds
  }

  /** @throws {ExecutionAbortedError} */
  async pause(): Promise<void> {
    await nextTurn()
    this.check()
    this.#turnEnds = performance.now() + TURN_MS
  }

  /** @throws {ExecutionAbortedError} */
  check(): void {
    if (this.#signal.aborted) throw new ExecutionAbortedError('Execution was aborted.', { cause: this.#signal.reason })
  }
}
