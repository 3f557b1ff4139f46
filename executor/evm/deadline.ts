import { NodeError } from '#common/errors.ts'

/** The time given to an execution ran out. The world it ran on is in the middle of a transaction: revert or drop it. */
export class ExecutionAbortedError extends NodeError {
  override readonly name = 'ExecutionAbortedError'
}
