import { ActivityFailure, ChildWorkflowFailure } from '@temporalio/workflow'

/** The sentence an operator should read: that of the innermost failure. */
export function failureMessage(error: unknown): string {
  let cause = error
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) cause = cause.cause
  return cause instanceof Error ? cause.message : String(cause)
}
