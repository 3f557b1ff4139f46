import { L1RpcError, L1UnavailableError } from './errors.ts'

/** What came back over HTTP. `retryAfter` is the header. */
export type HttpAnswer = { status: number; text: string; retryAfter: string | null }

type RpcFailure = { code: number; message: string; data?: unknown }
/** `error` is null in the success of some endpoints. */
type Answer = { result?: unknown; error?: RpcFailure | null }

const HTTP = {
  requestTimeout: 408,
  tooLarge: 413,
  tooMany: 429,
  unavailable: 503,
  gatewayTimeout: 504,
  originTimeout: 524,
}
const TOO_LATE = [HTTP.requestTimeout, HTTP.gatewayTimeout, HTTP.originTimeout]
/** Of JSON-RPC, as providers use them; EIP-1474 has −32005 for limits of any kind. */
const LIMIT_CODES = [429, -32005, -32007, -32029]

/**
 * The result of a call. Some endpoints send JSON-RPC errors with an HTTP status of their own: the body counts when it
 * is one. @throws {L1UnavailableError} for a rate limit and for what is no answer, {L1RpcError}
 */
export function readAnswer(method: string, { status, text, retryAfter }: HttpAnswer): unknown {
  const limit = { retryAfterMs: readRetryAfter(retryAfter) }
  const limited = () => new L1UnavailableError('L1 limits our rate.', { limit, facts: { method, status } })
  if (status === HTTP.tooMany || (status === HTTP.unavailable && retryAfter !== null)) throw limited()
  const answer = parse(text)
  if (answer === undefined) {
    if (status === HTTP.tooLarge) throw new L1RpcError(method, { code: status, message: 'request or answer too large' })
    const isCutOff = status < 300 && text.length > 0
    const timedOut = isCutOff || TOO_LATE.includes(status)
    throw new L1UnavailableError('L1 did not answer in JSON-RPC.', { timedOut, facts: { method, status } })
  }
  const { result, error } = answer
  if (error === undefined || error === null) return result
  if (isRateLimit(method, error)) throw limited()
  throw new L1RpcError(method, { ...error, data: findHex(error.data) })
}

function parse(text: string): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(text)
    const isComplete = answer !== null && typeof answer === 'object' && ('result' in answer || 'error' in answer)
    return isComplete ? (answer as Answer) : undefined
  } catch {
    return undefined // a page of some proxy
  }
}

/** A search for logs that finds too much has the same code with some providers: there, only words tell. */
function isRateLimit(method: string, { code, message }: RpcFailure): boolean {
  const says = (words: RegExp) => typeof message === 'string' && words.test(message)
  if (method === 'eth_getLogs' && says(/range|results|logs|size|blocks/i)) return false
  return LIMIT_CODES.includes(code) || says(/rate limit|too many requests|per second|compute units|throughput/i)
}

/** The header holds seconds or a date. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Revert data: clients send it as hex, after a word of theirs, or one level deeper. */
function findHex(data: unknown): string | undefined {
  const inner = typeof data === 'object' && data !== null && 'data' in data ? data.data : data
  const digits = typeof inner === 'string' ? /0x[0-9a-f]*/i.exec(inner)?.[0] : undefined
  return digits?.slice(0, digits.length - (digits.length % 2))
}
