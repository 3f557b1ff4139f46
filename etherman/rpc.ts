import { L1RpcError, L1UnavailableError } from './errors.ts'

/**
 * JSON-RPC to one L1 endpoint. @throws {L1UnavailableError} for transport trouble and rate limits,
 * {L1RpcError} when the endpoint answered with an error
 */
export type L1Rpc = {
  call<Result>(method: string, params: readonly unknown[]): Promise<Result>
  /** Ends requests under way; later ones fail. */
  close(): void
}

/** `error` is null in the success of some endpoints. */
type Answer = { result?: unknown; error?: { code: number; message: string; data?: unknown } | null }

const TOO_MANY_REQUESTS = 429

export function createL1Rpc({ rpcUrl, requestTimeoutMs }: { rpcUrl: string; requestTimeoutMs: number }): L1Rpc {
  const underWay = new Set<AbortController>()
  let closed = false
  let lastId = 0

  async function post(method: string, params: readonly unknown[]): Promise<{ status: number; text: string }> {
    if (closed) throw new L1UnavailableError('The L1 client is closed.', { facts: { method } })
    const request = new AbortController()
    const timer = setTimeout(() => request.abort(), requestTimeoutMs)
    underWay.add(request)
    try {
      const response = await fetch(rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method, params }),
        signal: request.signal,
      })
      return { status: response.status, text: await response.text() }
    } catch (cause) {
      const timedOut = request.signal.aborted && !closed
      const message = timedOut ? 'L1 did not answer in time.' : 'L1 cannot be reached.'
      throw new L1UnavailableError(message, { cause, timedOut, facts: { method, requestTimeoutMs } })
    } finally {
      clearTimeout(timer)
      underWay.delete(request)
    }
  }

  return {
    async call<Result>(method: string, params: readonly unknown[]): Promise<Result> {
      const { status, text } = await post(method, params)
      if (status === TOO_MANY_REQUESTS) throw new L1UnavailableError('L1 limits our rate.', { facts: { method } })
      const { result, error } = readAnswer(method, status, text)
      if (error === undefined || error === null) return result as Result
      if (error.code === TOO_MANY_REQUESTS) throw new L1UnavailableError('L1 limits our rate.', { facts: { method } })
      throw new L1RpcError(method, { ...error, data: findHex(error.data) })
    },
    close() {
      closed = true
      for (const request of underWay) request.abort()
    },
  }
}

/** Some endpoints send JSON-RPC errors with an HTTP status of their own: the body counts when it is one. */
function readAnswer(method: string, status: number, text: string): Answer {
  let answer: Answer | undefined
  try {
    answer = JSON.parse(text) as Answer
  } catch {
    // A page of some proxy.
  }
  const complete = answer !== null && typeof answer === 'object' && ('result' in answer || 'error' in answer)
  if (!complete) throw new L1UnavailableError('L1 did not answer in JSON-RPC.', { facts: { method, status } })
  return answer!
}

/** Revert data: clients send it as hex, after a word of theirs, or one level deeper. */
function findHex(data: unknown): string | undefined {
  const inner = typeof data === 'object' && data !== null && 'data' in data ? data.data : data
  const digits = typeof inner === 'string' ? /0x[0-9a-f]*/i.exec(inner)?.[0] : undefined
  return digits?.slice(0, digits.length - (digits.length % 2))
}
