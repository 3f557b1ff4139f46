import { timedOut } from '../errors.ts'

/**
 * Runs work that must end within a time. Its signal is aborted when the time is over or the outer signal is, which may
 * outlive it by far: that of a connection.
 * @throws {RpcError} -32002 when the time is over, whether or not the work heeds its signal
 */
export async function withTimeLimit<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => T,
): Promise<Awaited<T>> {
  const inner = new AbortController()
  const relay = () => inner.abort(outer?.reason)
  if (outer?.aborted) relay()
  outer?.addEventListener('abort', relay, { once: true })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = timedOut()
      inner.abort(error)
      reject(error)
    }, timeoutMs)
  })
  try {
    return await Promise.race([work(inner.signal), late])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', relay)
  }
}
