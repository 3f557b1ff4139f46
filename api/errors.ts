import { NodeError } from '#common/errors.ts'

/** Codes of JSON-RPC errors. Texts that clients match stand where they are thrown, details follow after `: `. */
export const RPC_CODE = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  reverted: 3,
  server: -32000,
  timedOut: -32002,
  tooLarge: -32003,
  notSupported: -32004,
  limited: -32005,
  unknownBlock: -39001,
  pruned: 4444,
  notMined: 4,
} as const

/** Codes of eth_simulateV1. Source: execution-apis. */
export const SIMULATION_CODE = {
  'nonce too low': -38010,
  'nonce too high': -38011,
  'intrinsic gas too low': -38013,
  'insufficient funds for gas * price + value': -38014,
  'block gas limit reached': -38015,
  'block numbers must be in order': -38020,
  'block timestamps must be in order': -38021,
  'a precompile cannot be moved to itself': -38022,
  'two precompiles are moved to the same address': -38023,
  'client limit exceeded': -38026,
  'vm execution error': -32015,
} as const

/** An error as the caller of JSON-RPC sees it. `data` is hex for a revert, else an object of details. */
export class RpcError extends NodeError {
  override readonly name: string = 'RpcError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, text: string, { data, cause }: { data?: unknown; cause?: unknown } = {}) {
    super(text, { cause })
    this.code = code
    this.data = data
  }
}

/** The caller asks for more than its share. */
export class RateLimitError extends RpcError {
  override readonly name = 'RateLimitError'
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(RPC_CODE.limited, 'rate limit exceeded', { data: { retryAfter: Math.ceil(retryAfterSeconds) } })
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export const invalidRequest = (text = 'invalid request') => new RpcError(RPC_CODE.invalidRequest, text)
export const invalidParams = (text: string, data?: unknown) => new RpcError(RPC_CODE.invalidParams, text, { data })
export const invalidArgument = (index: number, detail: string) => invalidParams(`invalid argument ${index}: ${detail}`)
export const methodNotFound = (method: string) =>
  new RpcError(RPC_CODE.methodNotFound, `the method ${method} does not exist/is not available`)
export const simulationError = (text: keyof typeof SIMULATION_CODE, detail: string) =>
  new RpcError(SIMULATION_CODE[text], `${text}: ${detail}`)
export const serverError = (text: string) => new RpcError(RPC_CODE.server, text)
export const headerNotFound = () => serverError('header not found')
/** Of what is older than this block. */
export const historyPruned = (oldest: number) =>
  new RpcError(RPC_CODE.pruned, 'pruned history unavailable', { data: { oldest: `0x${oldest.toString(16)}` } })
export const unknownBlock = () => new RpcError(RPC_CODE.unknownBlock, 'Unknown block')
/** What the process does not do before it is ready and after it was told to stop. */
export const unavailable = (text: 'node is starting' | 'node is stopping') => new RpcError(RPC_CODE.timedOut, text)
export const timedOut = () => new RpcError(RPC_CODE.timedOut, 'request timed out')
export const responseTooLarge = () => new RpcError(RPC_CODE.tooLarge, 'response too large')
/** The process has as much of this work as it takes at once; the caller may come again after a second. */
export const busy = (detail?: string) =>
  new RpcError(RPC_CODE.limited, detail === undefined ? 'busy' : `busy: ${detail}`, { data: { retryAfter: 1 } })
