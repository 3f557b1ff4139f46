import { type Param, readParams } from './params.ts'
import { constant, type Schema } from './schemas.ts'

/** What is known of the caller of a request, and of the connection it came by. */
export type RequestContext = {
  transport?: Transport
  /** Address of the client, behind trusted proxies too. */
  ip?: string | undefined
  /** Aborted when nobody waits for the answer any more: the client is gone, or the method's time is over. */
  readonly signal?: AbortSignal
  /** As the caller named it in `x-request-id`; one is made when something is to be logged, else. */
  requestId?: string | undefined
  /** Header of that name: the trace that the caller is in. */
  traceparent?: string | undefined
  /** What the caller's API key allows; everything when undefined. */
  namespaces?: ReadonlySet<string> | undefined
  /** Charges the caller's account. Seconds to wait when it is overdrawn, else 0. */
  spend?: (cost: number) => number
  /** Present over WebSocket. */
  connection?: Connection
  /** Work that has to wait until the answer was sent. Present over WebSocket. */
  afterAnswer?: (() => void)[]
}

export type Transport = 'http' | 'ws'

/** Sends messages that answer no request. */
export type Connection = {
  /** By id. */
  subscriptions: Map<string, Subscription>
  /** Sends one message; slow readers are cut off by the connection. */
  send: (message: string) => void
}

export type Subscription = { kind: string; end: () => void }

/** Weight of a method for rate limits. */
export type Cost = 1 | 2 | 10 | 20 | 50 | 200

/** One JSON-RPC method: all that dispatch, limits and the OpenRPC document need. */
export type Method = {
  name: string
  summary: string
  cost: Cost
  namespace: string
  params: readonly Param<unknown>[]
  result: Schema
  /** The request fails after this time, and its signal is aborted; no limit when undefined. */
  timeoutMs?: number | undefined
  /** The answer is what JSON makes of the result. */
  call: (params: unknown, context: RequestContext) => unknown
}

type Values<Params extends readonly Param<unknown>[]> = {
  [Index in keyof Params]: Params[Index] extends Param<infer Value> ? Value : never
}

/** Types of the handler's arguments follow from the declared params. */
export function method<const Params extends readonly Param<unknown>[]>(definition: {
  name: string
  summary: string
  cost: Cost
  params: Params
  result: Schema
  timeoutMs?: number | undefined
  handle: (args: Values<Params>, context: RequestContext) => unknown
}): Method {
  const { params, handle, ...rest } = definition
  return {
    ...rest,
    params,
    namespace: namespaceOf(rest.name),
    call: (given, context) => handle(readParams(params, given) as Values<Params>, context),
  }
}

/** Answers always the same; the schema is that value. */
export const constantMethod = (name: string, summary: string, value: unknown) =>
  method({ name, summary, cost: 1, params: [], result: constant(value), handle: () => value })

/** What stands before the first `_` or `.`: the unit in which methods are switched on. */
const namespaceOf = (method: string): string => method.slice(0, method.search(/[_.]/))

/** Whether a caller may use a method: its API key may name namespaces. What tells of the API is open to all. */
export const isAllowed = ({ namespace }: Method, { namespaces }: Pick<RequestContext, 'namespaces'>): boolean =>
  namespaces === undefined || namespace === 'rpc' || namespaces.has(namespace)

/** Methods by name, of the namespaces that are switched on. A name stands for one method only. */
export function createMethodTable(methods: readonly Method[], namespaces: readonly string[]): Map<string, Method> {
  const open = new Set([...namespaces, 'rpc'])
  const table = new Map<string, Method>()
  for (const each of methods) {
    if (table.has(each.name)) throw new TypeError(`two methods are named ${each.name}`)
    if (open.has(each.namespace)) table.set(each.name, each)
  }
  return table
}
