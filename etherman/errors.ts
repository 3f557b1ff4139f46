import { NodeError } from '#common/errors.ts'

type UnavailableOptions = ConstructorParameters<typeof NodeError>[1] & { timedOut?: boolean; limit?: RateLimit }

/** `retryAfterMs` when the endpoint says how long it wants to be left alone. */
export type RateLimit = { retryAfterMs: number | undefined }

/** L1 cannot be reached, is too slow, limits our rate or changed while it was read: try again later. */
export class L1UnavailableError extends NodeError {
  override readonly name = 'L1UnavailableError'
  /** It was reached, but gave no whole answer in the time we, or a proxy of its own, allow: less may work. */
  readonly timedOut: boolean
  /** Present when we ask too often. */
  readonly limit: RateLimit | undefined

  constructor(shortMessage: string, { timedOut = false, limit, ...options }: UnavailableOptions = {}) {
    super(shortMessage, options)
    this.timedOut = timedOut
    this.limit = limit
  }
}

/** The endpoint will not answer for so many blocks at once: ask for fewer. */
export class RangeRefusedError extends NodeError {
  override readonly name = 'RangeRefusedError'
  /** How many it says it would answer for. */
  readonly allowedBlocks: number | undefined

  constructor(
    shortMessage: string,
    {
      allowedBlocks,
      ...options
    }: ConstructorParameters<typeof NodeError>[1] & { allowedBlocks?: number | undefined } = {},
  ) {
    super(shortMessage, options)
    this.allowedBlocks = allowedBlocks
  }
}

/** The endpoint understood a request and answered with an error. `data` is what it sent along, when it is hex. */
export class L1RpcError extends NodeError {
  override readonly name = 'L1RpcError'
  readonly code: number
  /** In the endpoint's words. */
  readonly answer: string
  readonly data: string | undefined

  constructor(method: string, { code, message, data }: { code: number; message: string; data?: string | undefined }) {
    super('The L1 endpoint answered with an error.', { facts: { method, code, answer: message } })
    this.code = code
    this.answer = message
    this.data = data
  }
}

/** An event or the calldata behind it is not of a form this node knows. */
export class L1DataError extends NodeError {
  override readonly name = 'L1DataError'
}

/** L1 did something to the rollup that this node cannot follow; going on would give a wrong state. */
export class L1EventUnsupportedError extends NodeError {
  override readonly name = 'L1EventUnsupportedError'
}

/** The endpoint is of another chain, or the contracts there are not those of this rollup. */
export class WrongL1Error extends NodeError {
  override readonly name = 'WrongL1Error'
}

/** The remote signer cannot be reached, is too slow or has trouble of its own: try again later. */
export class L1SignerUnavailableError extends NodeError {
  override readonly name = 'L1SignerUnavailableError'
}

/** The remote signer will not sign: it lacks the key, does not let us in, or does not like the transaction. */
export class L1SignerRefusedError extends NodeError {
  override readonly name = 'L1SignerRefusedError'
}

/** What the remote signer gave is not the transaction that was asked for, or is signed by another key. It is not used. */
export class L1SignerMismatchError extends NodeError {
  override readonly name = 'L1SignerMismatchError'
}
