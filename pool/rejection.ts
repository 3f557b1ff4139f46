import { NodeError } from '#common/errors.ts'

/**
 * Texts that wallets and libraries match, to the letter those of geth; details follow after `: `. All have the
 * JSON-RPC code -32000, but for bytes that are no transaction.
 */
export const REJECTION_TEXT = {
  undecodable: 'invalid argument 0',
  unsupportedType: 'transaction type not supported',
  invalidSender: 'invalid sender',
  invalidChainId: 'invalid chain id',
  unprotected: 'only replay-protected (EIP-155) transactions allowed over RPC',
  oversized: 'oversized data',
  blockedSender: 'blocked sender',
  alreadyKnown: 'already known',
  nonceTooLow: 'nonce too low',
  nonceTooHigh: 'nonce too high',
  poolFull: 'txpool is full',
  accountFull: 'account has reached the tx limit in the txpool',
  underpriced: 'transaction underpriced',
  replacementUnderpriced: 'replacement transaction underpriced',
  insufficientFunds: 'insufficient funds for gas * price + value',
  intrinsicGas: 'intrinsic gas too low',
  gasLimit: 'exceeds block gas limit',
} as const

export type RejectionReason = keyof typeof REJECTION_TEXT

const INVALID_PARAMS = -32602
const SERVER_ERROR = -32000

/** The pool does not take the transaction. `shortMessage` is for its sender; nothing of it was stored. */
export class TransactionRejectedError extends NodeError {
  override readonly name = 'TransactionRejectedError'
  readonly reason: RejectionReason
  /** JSON-RPC error code. */
  readonly code: number

  constructor(reason: RejectionReason, details?: string, cause?: unknown) {
    const text = details === undefined ? REJECTION_TEXT[reason] : `${REJECTION_TEXT[reason]}: ${details}`
    super(text, { cause })
    this.reason = reason
    this.code = reason === 'undecodable' ? INVALID_PARAMS : SERVER_ERROR
  }
}
