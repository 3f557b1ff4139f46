import type { Method, RequestContext } from '../method.ts'
import { SerializedJson } from '../serializedJson.ts'
import { withTimeLimit } from '../wire/timeLimit.ts'

/** Asks a method as a client does, for its answer as JSON. @throws {RpcError} */
export type Ask = <T>(name: string, ...params: unknown[]) => Promise<T>

/** Without the wire, and without a charge: pages have a cost of their own. */
export function createAsk(methods: ReadonlyMap<string, Method>, { signal }: Pick<RequestContext, 'signal'> = {}): Ask {
  return async <T>(name: string, ...params: unknown[]) => {
    const { call, timeoutMs } = methods.get(name)!
    const asked = (given: AbortSignal | undefined) => call(params, given === undefined ? {} : { signal: given })
    const result = await (timeoutMs === undefined ? asked(signal) : withTimeLimit(timeoutMs, signal, asked))
    return (result instanceof SerializedJson ? JSON.parse(result.text) : result) as T
  }
}
