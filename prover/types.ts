import type { Address, BatchNumber, BlockNumber, Hash, Hex } from '#protocol/primitives.ts'

/** What one proof states: with the inputs behind newAccInputHash, oldStateRoot becomes newStateRoot. */
export type Claims = {
  oldStateRoot: Hash
  newStateRoot: Hash
  oldAccInputHash: Hash
  newAccInputHash: Hash
  newLocalExitRoot: Hash
  /** The batch before the first one. */
  oldBatchNumber: BatchNumber
  /** The last batch. */
  newBatchNumber: BatchNumber
  chainId: number
  forkId: number
}

/** A leaf of the L1 info tree that a batch names, with its 32 siblings against the batch's l1InfoRoot. */
export type L1InfoLeaf = { globalExitRoot: Hash; blockHashL1: Hash; minTimestamp: number; proof: readonly Hash[] }

/** Everything the state transition of one batch depends on, beside the state itself. */
export type BatchInputs = {
  batchNumber: BatchNumber
  forkId: number
  chainId: number
  oldStateRoot: Hash
  oldAccInputHash: Hash
  /** At most 120,000 bytes. */
  batchL2Data: Uint8Array
  /** The forced global exit root for forced batches. */
  l1InfoRoot: Hash
  /** Seconds. */
  timestampLimit: number
  coinbase: Address
  /** Zero unless the batch is forced or injected. */
  forcedBlockHashL1: Hash
  /** By index; of every leaf the batch names. Empty for forced batches. */
  l1InfoTreeData: ReadonlyMap<number, L1InfoLeaf>
}

/** What the node says a batch leads to. The prover recomputes all of it. */
export type ClaimedResult = {
  newStateRoot: Hash
  newAccInputHash: Hash
  newLocalExitRoot: Hash
  blocks: readonly ClaimedBlock[]
}
/** stateRoot is the protocol's block hash. */
export type ClaimedBlock = {
  blockNumber: BlockNumber
  timestamp: number
  stateRoot: Hash
  blockInfoRoot: Hash
  globalExitRoot: Hash
  l1BlockHash: Hash
  gasUsed: number
  txCount: number
}

/** Who signed, and the EIP-2098 signature (64 bytes) over the digest of `claimsDigest`. */
export type Attestation = { attester: Address; signature: Hex }

/** A statement over one batch or a run of them, signed by one attester or several. Not a zero-knowledge proof. */
export type AttestationProof = Claims & {
  kind: 'attestation'
  /** At least one; in ascending order of the attesters, each once. */
  attestations: readonly Attestation[]
}

/** Whose attestations count, and how many of them a proof needs: as the L1 verifier has it. */
export type AttesterSet = { attesters: readonly Address[]; attestersRequired: number }

/** What the L1 verifier is given, and what it then has checked. */
export type FinalProof = {
  /** 24 words of 32 bytes. */
  words: readonly Hash[]
  /** The address that has to send the verify transaction: it is part of what is proven. */
  aggregator: Address
  publicInputs: Claims
  /** The one public signal, as a 32-byte word. */
  inputSnark: Hash
}

/** An attestation for L1 holds for one verifier contract on one chain. */
export type AttestationDomain = { l1ChainId: number; verifier: Address }

/** How a prover is reached: by Temporal task queues, or because it dials our gRPC server. */
export type ProverKind = 'embedded' | 'remote'

/** Who works on a job. */
export type Assignment = {
  proverId: string
  proverName: string
  proverKind: ProverKind
  /** What a remote prover calls the job: its result can be had by it after a restart of ours. */
  requestId?: string
}

export type JobControl = {
  /** Ends the job early; it rejects with the signal's reason. */
  signal: AbortSignal
  /** Called at least every few seconds while the job is alive. */
  onProgress: (progress: { stage: string }) => void
  /** Called when a prover took the job, and again when it named its request. */
  onAssigned: (assignment: Assignment) => void | Promise<void>
  /** Of an attempt at the same job that ended without a word. */
  earlier?: Assignment | undefined
}

/**
 * Provers of one kind. A proof is text that provers read: JSON of an attestation (proofCodec.ts), or what a prover of
 * zero knowledge writes. `jobId` names the job and its result: the same name with the same inputs is the same job, so a
 * repetition may return the earlier result. @throws {ProofRefusedError} when the inputs do not prove what they claim,
 * {ProverFailedError} when the prover did not do its work: another one may.
 */
export interface Prover {
  readonly kind: ProverKind
  proveBatch(job: BatchJob, control: JobControl): Promise<string>
  aggregate(job: AggregationJob, control: JobControl): Promise<string>
  finalize(job: FinalJob, control: JobControl): Promise<FinalProof>
}
export type BatchJob = { jobId: string; inputs: BatchInputs; witness: Uint8Array; claimed: ClaimedResult }
/** `proofs`: of neighbouring runs, in order; more than two only of attestations. `claims`: what the result states. */
export type AggregationJob = { jobId: string; proofs: readonly [string, string, ...string[]]; claims: Claims }
export type FinalJob = { jobId: string; proof: string; claims: Claims; aggregator: Address }
