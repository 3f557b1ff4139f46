import { randomUUID } from 'node:crypto'
import type { Logger } from '#common/logger.ts'
import { TransactionRejectedError } from '#pool/rejection.ts'
import { invalidRequest, methodNotFound, RPC_CODE, RpcError, responseTooLarge, timedOut } from './errors.ts'
import type { Method, RequestContext } from './method.ts'

export type DispatchLimits = {
  /** Most members of a batch. */
  batchLimit: number
  /** Most characters of the answer to a batch. */
  maxBatchAnswer: number
}

/** Told after each request; the method is `unknown` for names the table does not hold. */
export type RequestObserver = (method: string, ms: number, code: number | undefined) => void

export interface Dispatcher {
  /** Answers a message: one request or a batch. undefined when there is nothing to say: notifications only. */
  dispatch(message: string, context: RequestContext): Promise<string | undefined>
}

type Id = string | number | null

const MAX_DEPTH = 64
const MAX_STRING_LENGTH = 4 * 1024 * 1024
const DATABASE_CANCELLED = '57014'

export function createDispatcher({
  methods,
  limits,
  logger,
  observe = () => {},
}: {
  methods: ReadonlyMap<string, Method>
  limits: DispatchLimits
  logger: Logger
  observe?: RequestObserver
}): Dispatcher {
  async function answer(request: unknown, context: RequestContext): Promise<string | undefined> {
    const started = performance.now()
    const id = readId(request)
    let name = 'unknown'
    try {
      const { method, params } = readRequest(request)
      const definition = methods.get(method)
      if (definition === undefined) throw methodNotFound(method.slice(0, 128))
      name = method
      const result = await definition.call(params, context)
      observe(name, performance.now() - started, undefined)
      if (id === undefined) return undefined
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result ?? null)}}`
    } catch (error) {
      const shown = toRpcError(error, name, logger)
      observe(name, performance.now() - started, shown.code)
      return id === undefined ? undefined : formatError(id, shown)
    }
  }

  async function answerBatch(requests: readonly unknown[], context: RequestContext): Promise<string | undefined> {
    if (requests.length === 0) return formatError(null, invalidRequest('empty batch'))
    if (requests.length > limits.batchLimit) return formatError(null, invalidRequest('batch too large'))
    const answers = await Promise.all(requests.map((request) => answer(request, context)))
    let room = limits.maxBatchAnswer
    const members = answers.map((member, index) => {
      if (member === undefined) return undefined
      room -= member.length
      return room >= 0 ? member : formatError(readId(requests[index]) ?? null, responseTooLarge())
    })
    const spoken = members.filter((member) => member !== undefined)
    return spoken.length === 0 ? undefined : `[${spoken.join(',')}]`
  }

  return {
    async dispatch(message, context) {
      let request: unknown
      try {
        request = JSON.parse(message)
      } catch {
        return formatError(null, new RpcError(RPC_CODE.parseError, 'parse error'))
      }
      if (isTooDeep(request, MAX_DEPTH)) return formatError(null, invalidRequest('invalid request: nested too deep'))
      if (message.length > MAX_STRING_LENGTH && hasLongString(request))
        return formatError(null, invalidRequest('invalid request: string too long'))
      return Array.isArray(request) ? await answerBatch(request, context) : await answer(request, context)
    },
  }
}

/** A complete error answer. */
export function formatError(id: Id, { code, shortMessage, data }: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: shortMessage, data } })
}

/** undefined for a notification. null also for what is no request at all: its error has no better id. */
function readId(request: unknown): Id | undefined {
  if (typeof request !== 'object' || request === null) return null
  const { id, method } = request as { id?: unknown; method?: unknown }
  if (typeof id === 'string' || typeof id === 'number' || id === null) return id
  return id === undefined && typeof method === 'string' ? undefined : null
}

function readRequest(request: unknown): { method: string; params: unknown } {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) throw invalidRequest()
  const { jsonrpc, id, method, params } = request as Record<string, unknown>
  if (jsonrpc !== '2.0') throw invalidRequest('invalid request: jsonrpc must be "2.0"')
  if (typeof method !== 'string') throw invalidRequest('invalid request: method must be a string')
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number')
    throw invalidRequest('invalid request: id must be a string, a number or null')
  if (params !== undefined && typeof params !== 'object') throw invalidRequest('invalid request: params must be a list')
  return { method, params }
}

/** Nothing of an unexpected error leaves the process: the caller gets an id, the log the error under it. */
function toRpcError(error: unknown, method: string, logger: Logger): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof TransactionRejectedError) return new RpcError(error.code, error.shortMessage)
  if (isCancelledQuery(error)) return timedOut()
  const requestId = randomUUID()
  logger.error({ err: error, method, requestId }, 'request failed')
  return new RpcError(RPC_CODE.internal, 'internal error', { data: { requestId } })
}

function isCancelledQuery(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (error as { code?: unknown }).code === DATABASE_CANCELLED || isCancelledQuery(error.cause)
}

function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const key in value) if (isTooDeep((value as Record<string, unknown>)[key], levels - 1)) return true
  return false
}

function hasLongString(value: unknown): boolean {
  if (typeof value === 'string') return value.length > MAX_STRING_LENGTH
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => key.length > MAX_STRING_LENGTH || hasLongString(item))
}
