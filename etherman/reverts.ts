import { Interface } from 'ethers'
import { NodeError } from '#common/errors.ts'
import { attestationVerifierAbi } from '#contracts/abi.ts'
import { globalExitRootInterface, polInterface, rollupInterface, rollupManagerInterface } from './interfaces.ts'

/** A contract refuses the transaction, in a simulation or for good. `revert` is the name of its error. */
export class L1TransactionRevertedError extends NodeError {
  override readonly name = 'L1TransactionRevertedError'
  readonly job: string
  readonly revert: string

  constructor(shortMessage: string, { job, revert, cause }: { job: string; revert: string; cause?: unknown }) {
    super(shortMessage, { cause, facts: { job, revert } })
    this.job = job
    this.revert = revert
  }
}

/** The rollup contract refuses a sequence: repetition does not mend it. */
export class SequenceRevertedError extends NodeError {
  override readonly name = 'SequenceRevertedError'
}

/** The rollup manager refuses a proof: repetition does not mend it. */
export class VerificationRevertedError extends NodeError {
  override readonly name = 'VerificationRevertedError'
}

/**
 * L1 reverted our last verification, at a cost, although its simulation succeeded, and would take another one by
 * simulation. Somebody has to look first.
 */
export class VerificationHeldError extends NodeError {
  override readonly name = 'VerificationHeldError'
}

/** The endpoint refuses a transaction without a contract saying so: funds, fees or limits. Worth trying again. */
export class L1RefusedError extends NodeError {
  override readonly name = 'L1RefusedError'
}

/** L1 asks for more than the limit of fees allows. It may become cheaper, or an operator raises the limit. */
export class L1FeeLimitError extends NodeError {
  override readonly name = 'L1FeeLimitError'
}

/** The sender cannot pay for its transaction: somebody has to fund it. The message has the missing amount. */
export class L1BalanceTooLowError extends NodeError {
  override readonly name = 'L1BalanceTooLowError'
}

/** An operator had the transaction replaced by an empty one. */
export class L1TransactionCancelledError extends NodeError {
  override readonly name = 'L1TransactionCancelledError'
}

/** What it was about is not there any more: L1 replaced the batches. What is to be done now has to be planned again. */
export class L1TransactionWithdrawnError extends NodeError {
  override readonly name = 'L1TransactionWithdrawnError'
}

/** Another transaction with our nonce is on L1; the next try makes a new one. */
export class L1NonceTakenError extends NodeError {
  override readonly name = 'L1NonceTakenError'
}

/** Of rollup managers after fork 11. */
const LATER_ERRORS = [
  ...['AllBatchesMustBeVerified', 'EmptyVerifySequencesData', 'FinalNumSequenceBelowLastVerifiedSequence'],
  ...['FinalNumSequenceDoesNotMatchPendingState', 'InitSequenceMustMatchCurrentForkID', 'MustSequenceSomeBlob'],
  ...['InitSequenceNumDoesNotMatchPendingState', 'InvalidRangeMultiplierZkGasPrice', 'InvalidRangeSequenceTimeTarget'],
  ...['RollupIDNotAscendingOrder', 'zkGasPriceOfRange'],
]

const INTERFACES = [
  rollupInterface,
  rollupManagerInterface,
  globalExitRootInterface,
  polInterface,
  new Interface(attestationVerifierAbi),
  new Interface(LATER_ERRORS.map((name) => `error ${name}()`)),
]

/** Name and values of the custom error in revert data; the data itself when no contract of ours has such an error. */
export function describeRevert(data: string): string {
  if (data === '0x') return 'no reason given'
  for (const abi of INTERFACES) {
    const error = abi.parseError(data)
    if (error === null) continue
    if (error.name === 'Error') return String(error.args[0])
    return error.args.length === 0 ? error.name : `${error.name}(${error.args.join(', ')})`
  }
  return data.slice(0, 74)
}
