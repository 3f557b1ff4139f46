import { TraceTooLargeError } from '#executor/tracers/recorder.ts'
import { responseTooLarge } from '../../../errors.ts'

/** What the caller is told of a trace that grew too large. */
export function answerTooLarge(error: unknown): never {
  throw error instanceof TraceTooLargeError ? responseTooLarge() : error
}
