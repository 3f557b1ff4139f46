import type { IncomingMessage } from 'node:http'
import { type Context, Hono } from 'hono'
import type { Logger } from '#common/logger.ts'
import { invalidRequest, RPC_CODE, RpcError } from './errors.ts'
import type { Health } from './health.ts'
import { type Dispatcher, formatError } from './jsonRpc.ts'
import type { Metrics } from './metrics.ts'
import { BodyEncodingError, BodyTooLargeError, readBody } from './readBody.ts'
import { NODE_VERSION } from './version.ts'

export type AppDeps = {
  dispatcher: Dispatcher
  health: Health
  metrics: Metrics
  maxBodyBytes: number
  /** Origins whose pages may read answers; `*` for any. */
  corsOrigins: readonly string[]
  logger: Logger
}

const JSON_HEADERS = { 'content-type': 'application/json' }
const CONTENT_TYPE = /^application\/json(-rpc|request)?\s*(;|$)/i
const CORS_MAX_AGE_SECONDS = '600'

/** The HTTP face of the API: JSON-RPC on POST /, and /live, /ready, /metrics. */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono()
  addOpsRoutes(app, deps)
  const isOpen = deps.corsOrigins.includes('*')

  function corsHeaders(c: Context): Record<string, string> {
    const origin = c.req.header('origin')
    if (origin === undefined) return {}
    if (isOpen) return { 'access-control-allow-origin': '*' }
    return deps.corsOrigins.includes(origin) ? { 'access-control-allow-origin': origin, vary: 'origin' } : {}
  }

  const respond = (c: Context, body: string, status = 200) =>
    new Response(body, { status, headers: { ...JSON_HEADERS, ...corsHeaders(c) } })
  const refuse = (c: Context, status: number, error: RpcError) => respond(c, formatError(null, error), status)

  app.post('/', async (c) => {
    if (!CONTENT_TYPE.test(c.req.header('content-type') ?? ''))
      return refuse(c, 415, invalidRequest('invalid request: content-type must be application/json'))
    let body: string
    try {
      body = await readBody(c.req.raw, deps.maxBodyBytes)
    } catch (error) {
      if (error instanceof BodyTooLargeError) return refuse(c, 413, invalidRequest('invalid request: body too large'))
      if (error instanceof BodyEncodingError)
        return refuse(c, 415, invalidRequest(`invalid request: ${error.shortMessage}`))
      throw error
    }
    const answer = await deps.dispatcher.dispatch(body, { ip: remoteAddress(c) })
    return answer === undefined ? new Response(null, { status: 204, headers: corsHeaders(c) }) : respond(c, answer)
  })
  app.get('/', (c) => respond(c, JSON.stringify({ name: 'zkNode', version: NODE_VERSION })))
  app.options('/', (c) => {
    const headers = {
      ...corsHeaders(c),
      'access-control-allow-methods': 'POST, GET, OPTIONS',
      'access-control-allow-headers': 'content-type, authorization, x-api-key',
      'access-control-max-age': CORS_MAX_AGE_SECONDS,
    }
    return new Response(null, { status: 204, headers })
  })
  app.onError((error, c) => {
    deps.logger.error({ err: error }, 'HTTP request failed')
    return refuse(c, 500, new RpcError(RPC_CODE.internal, 'internal error'))
  })
  return app
}

/** Undefined when no socket is behind the request. */
const remoteAddress = (c: Context): string | undefined =>
  (c.env as { incoming?: IncomingMessage } | undefined)?.incoming?.socket.remoteAddress

/** The operations port alone. */
export function createOpsApp(deps: Pick<AppDeps, 'health' | 'metrics'>): Hono {
  const app = new Hono()
  addOpsRoutes(app, deps)
  return app
}

function addOpsRoutes(app: Hono, { health, metrics }: Pick<AppDeps, 'health' | 'metrics'>): void {
  app.get('/live', (c) => c.json({ status: 'live' }))
  app.get('/ready', async (c) => {
    const readiness = await health.check()
    return c.json(readiness, readiness.status === 'ready' ? 200 : 503)
  })
  app.get('/health', async (c) => c.json(await health.check()))
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
}
