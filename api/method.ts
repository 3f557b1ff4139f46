import { type Param, readParams } from './params.ts'
import { constant, type Schema } from './schemas.ts'

/** What a method may ask of the connection its request came by. */
export type RequestContext = {
  /** Present over WebSocket. */
  connection?: Connection
  /** Network address of the caller, where it is known. */
  ip?: string | undefined
  /** Work that has to wait until the answer was sent. Present over WebSocket. */
  afterAnswer?: (() => void)[]
}

/** Sends messages that answer no request. */
export type Connection = {
  /** Subscription ids of this connection, with what ends each. */
  subscriptions: Map<string, () => void>
  /** Sends one message; slow readers are cut off by the connection. */
  send: (message: string) => void
}

/** Weight of a method for rate limits. */
export type Cost = 1 | 2 | 10 | 20 | 50 | 200

/** One JSON-RPC method: all that dispatch, limits and the OpenRPC document need. */
export type Method = {
  name: string
  summary: string
  cost: Cost
  params: readonly Param<unknown>[]
  result: Schema
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
  handle: (args: Values<Params>, context: RequestContext) => unknown
}): Method {
  const { params, handle, ...rest } = definition
  return { ...rest, params, call: (given, context) => handle(readParams(params, given) as Values<Params>, context) }
}

/** Answers always the same; the schema is that value. */
export const constantMethod = (name: string, summary: string, value: unknown) =>
  method({ name, summary, cost: 1, params: [], result: constant(value), handle: () => value })

/** What stands before the first `_` or `.`: the unit in which methods are switched on. */
export const namespaceOf = (method: string): string => method.slice(0, method.search(/[_.]/))

/** Methods by name, of the namespaces that are switched on. A name stands for one method only. */
export function createMethodTable(methods: readonly Method[], namespaces: readonly string[]): Map<string, Method> {
  const open = new Set([...namespaces, 'rpc'])
  const table = new Map<string, Method>()
  for (const each of methods) {
    if (table.has(each.name)) throw new TypeError(`two methods are named ${each.name}`)
    if (open.has(namespaceOf(each.name))) table.set(each.name, each)
  }
  return table
}
