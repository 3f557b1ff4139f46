import { NodeError } from '#common/errors.ts'

/** The prover does not sign: what it computed differs from what is claimed. No repetition of the same job mends it. */
export class ProofRefusedError extends NodeError {
  override readonly name = 'ProofRefusedError'
}

/** A stored or received proof cannot be read. */
export class ProofFormatError extends NodeError {
  override readonly name = 'ProofFormatError'
}

/** The thread that executes batches died. The job can be repeated. */
export class ProverThreadError extends NodeError {
  override readonly name = 'ProverThreadError'
}

/** A prover did not do its work: it failed, fell silent, left, or gave something else. Another one may do the job. */
export class ProverFailedError extends NodeError {
  override readonly name = 'ProverFailedError'
}
