import { randomUUID } from 'node:crypto'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import { TransactionRejectedError } from '#pool/rejection.ts'
import {
  invalidRequest,
  methodNotFound,
  RateLimitError,
  RPC_CODE,
  RpcError,
  responseTooLarge,
  timedOut,
} from '../errors.ts'
import { JsonText } from '../jsonText.ts'
import { isAllowed, type Method, type RequestContext, type Transport } from '../method.ts'
import { SerializedJson } from '../serializedJson.ts'
import { withTimeLimit } from './timeLimit.ts'

export type DispatchLimits = Pick<Config['rpc'], 'batch' | 'maxAnswerLength' | 'slowMs'>

/** What there is to tell of a request that was answered. The method is `unknown` for names the table does not hold. */
export type Observation = {
  method: string
  transport: Transport
  ms: number
  /** ok, cancelled or the error code. */
  outcome: string
  answerLength: number
  traceparent?: string | undefined
  /** As the method gave it. */
  result?: unknown
}
export type RequestObserver = { started(): void; answered(observation: Observation): void }

/** `text` is undefined when there is nothing to say: notifications only. */
export type Reply = {
  text: string | undefined
  /** Set when the whole message was refused for the rate of its caller. */
  retryAfterSeconds?: number | undefined
}

export interface Dispatcher {
  /** Answers a message: one request or a batch. */
  dispatch(message: string, context: RequestContext): Promise<Reply>
}

type Id = string | number | null

const MAX_DEPTH = 64
const MAX_STRING_LENGTH = 4 * 1024 * 1024
const MAX_LOGGED_PARAMS = 2048
const DATABASE_CANCELLED = '57014'
const MALFORMED_COST = 1

export function createDispatcher({
  methods,
  limits: { batch, maxAnswerLength, slowMs },
  logger,
  observer,
}: {
  methods: ReadonlyMap<string, Method>
  limits: DispatchLimits
  logger: Logger
  observer?: RequestObserver
}): Dispatcher {
  async function answer(request: unknown, context: RequestContext): Promise<Reply> {
    const started = performance.now()
    observer?.started()
    const id = readId(request)
    let definition: Method | undefined
    let text: string | undefined
    let failure: Failure | undefined
    let result: unknown
    try {
      const { method, params } = readRequest(request)
      definition = methods.get(method)
      if (definition !== undefined && !isAllowed(definition, context)) definition = undefined
      charge(context, definition?.cost ?? MALFORMED_COST)
      if (definition === undefined) throw methodNotFound(method.slice(0, 128))
      result = await run(definition, params, context)
      if (id !== undefined) text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${toJson(result)}}`
      if (text !== undefined && text.length > maxAnswerLength) throw responseTooLarge()
    } catch (error) {
      failure = toFailure(error, definition?.name, context, logger)
      text = id === undefined ? undefined : formatError(id, failure.error)
    }
    const ms = performance.now() - started
    const outcome = failure === undefined ? 'ok' : failure.outcome
    const [method, transport] = [definition?.name ?? 'unknown', context.transport ?? 'http']
    const { traceparent } = context
    observer?.answered({ method, transport, ms, outcome, answerLength: text?.length ?? 0, traceparent, result })
    if (ms >= slowMs || logger.isLevelEnabled('debug')) {
      const entry = {
        requestId: failure?.requestId ?? context.requestId ?? randomUUID(),
        method,
        ms: Math.round(ms),
        outcome,
        ip: context.ip,
      }
      if (ms < slowMs) logger.debug(entry, 'request')
      else logger.warn({ ...entry, params: shorten(request) }, 'slow request')
    }
    return { text, retryAfterSeconds: failure?.retryAfterSeconds }
  }

  async function answerBatch(requests: readonly unknown[], context: RequestContext): Promise<Reply> {
    const refusal = !batch.enabled
      ? 'invalid request: batches are switched off'
      : requests.length === 0
        ? 'empty batch'
        : requests.length > batch.limit
          ? 'batch too large'
          : undefined
    if (refusal !== undefined) return refuse(invalidRequest(refusal), context)
    let room = batch.maxAnswerLength
    const answers = await Promise.all(
      requests.map(async (request) => {
        const { text } = await answer(request, context)
        if (text === undefined) return undefined
        room -= text.length
        return room >= 0 ? text : formatError(readId(request) ?? null, responseTooLarge())
      }),
    )
    const members = answers.filter((member) => member !== undefined)
    return { text: members.length === 0 ? undefined : `[${members.join(',')}]` }
  }

  return {
    async dispatch(message, context) {
      let request: unknown
      try {
        request = JSON.parse(message)
      } catch {
        return refuse(new RpcError(RPC_CODE.parseError, 'parse error'), context)
      }
      if (isTooDeep(request, MAX_DEPTH)) return refuse(invalidRequest('invalid request: nested too deep'), context)
      if (message.length > MAX_STRING_LENGTH && hasLongString(request))
        return refuse(invalidRequest('invalid request: string too long'), context)
      return Array.isArray(request) ? await answerBatch(request, context) : await answer(request, context)
    },
  }
}

/** A message that is refused as a whole counts as a request too. */
function refuse(error: RpcError, context: RequestContext): Reply {
  const wait = context.spend?.(MALFORMED_COST) ?? 0
  if (wait === 0) return { text: formatError(null, error) }
  return { text: formatError(null, new RateLimitError(wait)), retryAfterSeconds: wait }
}

/** @throws {RpcError} -32005 */
function charge(context: RequestContext, cost: number): void {
  const wait = context.spend?.(cost) ?? 0
  if (wait > 0) throw new RateLimitError(wait)
}

function run({ timeoutMs, call }: Method, params: unknown, context: RequestContext): unknown {
  if (timeoutMs === undefined) return call(params, context)
  return withTimeLimit(timeoutMs, context.signal, (signal) => call(params, { ...context, signal }))
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

type Failure = { error: RpcError; outcome: string; requestId?: string; retryAfterSeconds?: number | undefined }

/** Nothing of an unexpected error leaves the process: the caller gets an id, the log the error under it. */
function toFailure(error: unknown, method: string | undefined, context: RequestContext, logger: Logger): Failure {
  const known = toRpcError(error)
  if (known !== undefined) {
    const retryAfterSeconds = known instanceof RateLimitError ? known.retryAfterSeconds : undefined
    return { error: known, outcome: String(known.code), retryAfterSeconds }
  }
  if (context.signal?.aborted) return { error: timedOut(), outcome: 'cancelled' }
  const requestId = context.requestId ?? randomUUID()
  logger.error({ err: error, method, requestId }, 'request failed')
  const shown = new RpcError(RPC_CODE.internal, 'internal error', { data: { requestId } })
  return { error: shown, outcome: String(shown.code), requestId }
}

function toRpcError(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error
  if (error instanceof TransactionRejectedError) return new RpcError(error.code, error.shortMessage)
  return isCancelledQuery(error) ? timedOut() : undefined
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

/** @throws {RpcError} -32003 for what is longer than any string can be */
function toJson(result: unknown): string {
  if (result instanceof JsonText) return result.text
  try {
    return result instanceof SerializedJson ? result.text : JSON.stringify(result ?? null)
  } catch (error) {
    throw error instanceof RangeError ? responseTooLarge() : error
  }
}

function shorten(request: unknown): string {
  const { params } = request as { params?: unknown }
  return JSON.stringify(params ?? null).slice(0, MAX_LOGGED_PARAMS)
}
