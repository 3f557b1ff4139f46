import type { BatchInputs, ClaimedResult, Claims } from './types.ts'

/** A batch, the state it starts from as a witness, and what is claimed of it. */
export type ReexecutionJob = { inputs: BatchInputs; witness: Uint8Array; claimed: ClaimedResult }

export interface Reexecutor {
  /**
   * Executes a batch on its witness alone and compares everything with what is claimed.
   * @throws {ProofRefusedError} naming the first L2 block and field that differ, or the node the witness lacks
   */
  reexecute(job: ReexecutionJob, signal: AbortSignal): Promise<Claims>
}
