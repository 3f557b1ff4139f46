import type { BatchNumber } from '#protocol/primitives.ts'
import type { Assignment } from './types.ts'

export type ProofKind = 'batch' | 'aggregated' | 'final'

/** What is tried to make a proof. */
export type ProofJob = { jobId: string; kind: ProofKind; fromBatch: BatchNumber; toBatch: BatchNumber }

/** Tries of jobs, kept for operators and to find again what a remote prover was asked for. */
export interface ProofAttempts {
  /** `earlier`: who had the last try of the same job, when that ended without a word. */
  start(job: ProofJob): Promise<{ attemptId: number; earlier: Assignment | undefined }>
  /** A prover took the job, or named its request. @throws when another attempt took its place. */
  assign(attemptId: number, by: Assignment): Promise<void>
  end(attemptId: number, outcome: AttemptEnd, error?: string): Promise<void>
  /** The proof of the job is stored: a try that has not ended made it. */
  settle(jobId: string): Promise<void>
}
export type AttemptEnd = 'proved' | 'failed' | 'refused' | 'cancelled'
