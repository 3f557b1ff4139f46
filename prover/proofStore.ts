import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import type { Assignment, BatchInputs, ClaimedResult } from './types.ts'

export type ProofKind = 'batch' | 'aggregated' | 'final'
/** A proof by the name of its job. `proof` is JSON text, as the prover gave it. */
export type StoredProof = {
  proofId: string
  kind: ProofKind
  fromBatch: BatchNumber
  toBatch: BatchNumber
  prover: string
  proof: string
  /** Its claims were compared with the State DB. */
  accepted: boolean
}

/**
 * Where inputs come from and results go, by reference: nothing large travels through Temporal. What is missing rejects;
 * it may come later, so trying again is right.
 */
export interface ProofStore {
  /** Inputs as L1 fixed them and what the node claims. @throws while the batch is not virtual. */
  getBatchInputs(batchNumber: BatchNumber): Promise<{ inputs: BatchInputs; claimed: ClaimedResult }>
  /** Made when the batch was checked. @throws when there is none against this root. */
  getWitness(batchNumber: BatchNumber, oldStateRoot: Hash): Promise<Uint8Array>
  findProof(proofId: string): Promise<StoredProof | undefined>
  /** @throws when there is none. */
  getProof(proofId: string): Promise<StoredProof>
  /** The first proof of a name stays, whoever made it. Returns what is stored. */
  putProof(proof: Omit<StoredProof, 'accepted'>): Promise<StoredProof>
  /** Forgets a proof of inputs that no longer hold. */
  deleteProof(proofId: string): Promise<void>
}

/** What is tried to make a proof. */
export type ProofJob = { jobId: string; kind: ProofKind; fromBatch: BatchNumber; toBatch: BatchNumber }

/** Tries of jobs, kept for operators and to find again what a remote prover was asked for. */
export interface ProofAttempts {
  /** `earlier`: who had the last try of the same job, when that ended without a word. */
  start(job: ProofJob): Promise<{ attemptId: number; earlier: Assignment | undefined }>
  /** A prover took the job, or named its request. @throws when another attempt took its place. */
  assign(attemptId: number, by: Assignment): Promise<void>
  end(attemptId: number, outcome: AttemptEnd, error?: string): Promise<void>
}
export type AttemptEnd = 'proved' | 'failed' | 'refused' | 'cancelled'
