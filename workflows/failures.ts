import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow'

/** The sentence an operator should read: that of the innermost failure. */
export function failureMessage(error: unknown): string {
  const cause = innermost(error)
  return cause instanceof Error ? cause.message : String(cause)
}

/** Name of the error class that an activity threw, or of the failure that a workflow ended with. */
export function failureType(error: unknown): string | undefined {
  const cause = innermost(error)
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined
}

function innermost(error: unknown): unknown {
  let cause = error
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) cause = cause.cause
  return cause
}
