import { NodeError } from '#common/errors.ts'

/** A prover did not do what was asked of it. The message is the reason that operators read. */
export class ProverFault extends NodeError {
  override readonly name = 'ProverFault'
}
