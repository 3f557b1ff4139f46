import { timedOut } from './errors.ts'

/**
 * Runs work that must end within a time. Its signal is aborted when the time is over or the outer signal is.
 * @throws {RpcError} -32002 when the time is over, whether or not the work heeds its signal
 */
export async function withTimeLimit<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => T,
): Promise<Awaited<T>> {
  const limit = new AbortController()
  const signal = outer === undefined ? limit.signal : AbortSignal.any([outer, limit.signal])
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = timedOut()
      limit.abort(error)
      reject(error)
    }, timeoutMs)
  })
  try {
    return await Promise.race([work(signal), late])
  } finally {
    clearTimeout(timer)
  }
}
