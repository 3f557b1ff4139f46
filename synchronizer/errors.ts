import { NodeError } from '#common/errors.ts'

/** A verified state root differs from ours: nothing may go on before somebody knows why. */
export class StateRootMismatchError extends NodeError {
  override readonly name = 'StateRootMismatchError'
}

/** Our accumulated input hash differs from the contract's: an event was missed or misread. */
export class AccInputHashMismatchError extends NodeError {
  override readonly name = 'AccInputHashMismatchError'
}

/** A sequence names a root of the L1 info tree that the leaves read so far never gave: one was missed. */
export class L1InfoRootMismatchError extends NodeError {
  override readonly name = 'L1InfoRootMismatchError'
}

/** A sequence does not continue where the last one ended: events before it were not read. */
export class SequenceGapError extends NodeError {
  override readonly name = 'SequenceGapError'
}

/** L1 changed while it was read; reading again is right. */
export class L1MovedError extends NodeError {
  override readonly name = 'L1MovedError'
}

/** What the trusted sequencer says does not follow from its own batches; nothing of it is stored. */
export class TrustedStateMismatchError extends NodeError {
  override readonly name = 'TrustedStateMismatchError'
}

/** L1 proves batches of this node with the rules of another fork, and these lead to another state. */
export class ForkUpgradeError extends NodeError {
  override readonly name = 'ForkUpgradeError'
}
