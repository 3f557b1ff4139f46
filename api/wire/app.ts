import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { Logger } from '#common/logger.ts'
import { NODE_VERSION } from '#common/version.ts'
import type { Config } from '#config/schema.ts'
import type { Health } from '#ops/health.ts'
import { createProbes } from '#ops/opsApp.ts'
import { invalidRequest, RateLimitError, RPC_CODE, RpcError } from '../errors.ts'
import type { RequestContext } from '../method.ts'
import type { Pages } from '../page/pages.tsx'
import type { IdentifyCaller } from './callers.ts'
import { chooseEncoding, compress } from './compression.ts'
import type { Gate } from './gate.ts'
import { createHostCheck } from './hostCheck.ts'
import { type Dispatcher, formatError } from './jsonRpc.ts'
import type { Metrics } from './metrics.ts'
import { BodyEncodingError, BodyIncompleteError, BodyTooLargeError, readBody } from './readBody.ts'

export type AppDeps = {
  dispatcher: Dispatcher
  identify: IdentifyCaller
  /** For browsers; undefined before the process is ready, and where they are switched off. */
  findPages?: (() => Pages | undefined) | undefined
  gate: Gate
  health: Health
  metrics: Metrics
  limits: Pick<Config['rpc'], 'maxBodyBytes' | 'cors' | 'vhosts'>
  logger: Logger
}

type Http = Context<{ Bindings: HttpBindings }>
type Headers = Record<string, string>

const CONTENT_TYPE = /^application\/json(-rpc|request)?\s*(;|$)/i
const CORS_MAX_AGE_SECONDS = '600'
const PATHS = ['/', '/v1/:key']
const PAGE_PATHS = /^\/((block|tx|address|batch|assets)\/|(search|events|faucet)$)/

/** The HTTP face of the API: JSON-RPC on POST / and /v1/<key>, pages for browsers, and /live, /ready, /health. */
export function createApp(deps: AppDeps): Hono<{ Bindings: HttpBindings }> {
  const { dispatcher, identify, gate, limits, logger } = deps
  const app = new Hono<{ Bindings: HttpBindings }>()
  const isOpen = limits.cors.origins.includes('*')
  const isHostAllowed = createHostCheck(limits.vhosts)
  app.route('/', createProbes(deps.health))

  function corsHeaders({ env: { incoming } }: Http): Headers {
    const { origin } = incoming.headers
    if (origin === undefined) return {}
    if (isOpen) return { 'access-control-allow-origin': '*' }
    return limits.cors.origins.includes(origin) ? { 'access-control-allow-origin': origin, vary: 'origin' } : {}
  }

  function respond(c: Http, body: string | Uint8Array<ArrayBuffer>, status = 200, headers: Headers = {}): Response {
    const requestId = requestIdOf(c)
    const given = requestId === undefined ? {} : { 'x-request-id': requestId }
    return new Response(body, {
      status,
      headers: { 'content-type': 'application/json', ...corsHeaders(c), ...given, ...headers },
    })
  }
  const refuse = (c: Http, status: number, error: RpcError, headers: Headers = {}) =>
    respond(c, formatError(null, error), status, headers)

  async function respondAnswer(c: Http, answer: string): Promise<Response> {
    const encoding = chooseEncoding(answer, c.env.incoming.headers['accept-encoding'])
    if (encoding === undefined) return respond(c, answer)
    const vary = ['accept-encoding', corsHeaders(c)['vary']].filter(Boolean).join(', ')
    return respond(c, await compress(answer, encoding), 200, { 'content-encoding': encoding, vary })
  }

  async function serve(c: Http): Promise<Response> {
    const { incoming } = c.env
    const closed = gate.refusal()
    if (closed !== undefined) return refuse(c, 503, closed, { 'retry-after': '1' })
    if (!isHostAllowed(incoming.headers.host)) return refuse(c, 403, invalidRequest('invalid request: unknown host'))
    if (!CONTENT_TYPE.test(incoming.headers['content-type'] ?? ''))
      return refuse(c, 415, invalidRequest('invalid request: content-type must be application/json'))
    let context: RequestContext
    try {
      context = httpContext(c, identify(incoming, c.req.param('key')))
    } catch (error) {
      if (error instanceof RpcError) return refuse(c, 401, error)
      throw error
    }
    let body: string
    try {
      body = await readBody(incoming, limits.maxBodyBytes)
    } catch (error) {
      return refuseBody(c, error)
    }
    const { text, retryAfterSeconds } = await dispatcher.dispatch(body, context)
    if (retryAfterSeconds !== undefined)
      return refuse(c, 429, new RateLimitError(retryAfterSeconds), {
        'retry-after': String(Math.ceil(retryAfterSeconds)),
      })
    return text === undefined
      ? new Response(null, { status: 204, headers: corsHeaders(c) })
      : await respondAnswer(c, text)
  }

  function refuseBody(c: Http, error: unknown): Response {
    if (error instanceof BodyTooLargeError) return refuse(c, 413, invalidRequest('invalid request: body too large'))
    if (error instanceof BodyEncodingError)
      return refuse(c, 415, invalidRequest(`invalid request: ${error.shortMessage}`))
    if (error instanceof BodyIncompleteError) return refuse(c, 400, invalidRequest('invalid request: body incomplete'))
    throw error
  }

  const isBrowser = ({ env: { incoming } }: Http) => incoming.headers.accept?.includes('text/html') === true

  /** Undefined where there are no pages. */
  function servePage(c: Http): Response | Promise<Response> | undefined {
    const { incoming } = c.env
    const refusal = gate.refusal()
    if (refusal !== undefined && isBrowser(c))
      return c.text(`The ${refusal.shortMessage}.`, 503, { refresh: '2', 'retry-after': '2' })
    const pages = deps.findPages?.()
    if (pages === undefined || refusal !== undefined) return undefined
    if (!isHostAllowed(incoming.headers.host)) return c.text('This node does not go by that name (rpc.vhosts).', 403)
    try {
      return pages.answer(c, identify(incoming))
    } catch (error) {
      if (error instanceof RpcError) return c.text(error.shortMessage, 401)
      throw error
    }
  }

  function preflight(c: Http): Response {
    const headers = {
      ...corsHeaders(c),
      'access-control-allow-methods': 'POST, GET, OPTIONS',
      'access-control-allow-headers': 'content-type, authorization, x-api-key',
      'access-control-max-age': CORS_MAX_AGE_SECONDS,
    }
    return new Response(null, { status: 204, headers })
  }

  for (const path of PATHS) {
    app.post(path, serve)
    app.get(path, (c) => {
      const page = path === '/' && isBrowser(c) ? servePage(c) : undefined
      return page ?? respond(c, JSON.stringify({ name: 'zkNode', version: NODE_VERSION }))
    })
    app.options(path, preflight)
  }
  app.notFound((c) => {
    const page = PAGE_PATHS.test(c.req.path) || isBrowser(c) ? servePage(c) : undefined
    return page ?? refuse(c, 404, invalidRequest('invalid request: JSON-RPC is served on POST /'))
  })
  app.onError((error, c) => {
    logger.error({ err: error }, 'HTTP request failed')
    return refuse(c, 500, new RpcError(RPC_CODE.internal, 'internal error'))
  })
  return app
}

/** Its signal is made only for those who ask for it. */
const httpContext = (c: Http, caller: ReturnType<IdentifyCaller>): RequestContext => ({
  ...caller,
  transport: 'http',
  traceparent: c.env.incoming.headers['traceparent'] as string | undefined,
  requestId: requestIdOf(c),
  get signal() {
    return c.req.raw.signal
  },
})

/** That of a proxy or client, when it is fit for a log. */
function requestIdOf({ env: { incoming } }: Http): string | undefined {
  const given = incoming.headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : undefined
}
