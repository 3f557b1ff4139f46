import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import { invalidRequest, type RpcError } from '../errors.ts'
import type { Connection } from '../method.ts'
import type { Caller, IdentifyCaller } from './callers.ts'
import type { Gate } from './gate.ts'
import { createHostCheck } from './hostCheck.ts'
import { type Dispatcher, formatError } from './jsonRpc.ts'
import type { Metrics } from './metrics.ts'
import { createOutbox } from './outbox.ts'

export type WebSocketDeps = {
  dispatcher: Dispatcher
  identify: IdentifyCaller
  gate: Gate
  metrics: Metrics
  limits: Pick<Config['rpc'], 'ws' | 'vhosts'>
  logger: Logger
}

const PATH = /^\/(?:ws|v1\/(?<key>[^/?]+))?$/
const MAX_MISSED_PINGS = 2
/** Of one connection; more wait in the socket. */
const MAX_RUNNING = 256
const GOING_AWAY = 1001

/** JSON-RPC over WebSocket on the ports of HTTP servers. Returns what closes all connections. */
export function serveWebSocket(servers: readonly Server[], deps: WebSocketDeps): () => void {
  const { dispatcher, identify, gate, metrics, limits, logger } = deps
  const sockets = new WebSocketServer({
    ...{ noServer: true, maxPayload: limits.ws.maxFrameBytes, perMessageDeflate: limits.ws.compression },
  })
  const missedPings = new WeakMap<WebSocket, number>()
  const isHostAllowed = createHostCheck(limits.vhosts)
  sockets.on('wsClientError', (error, socket) =>
    refuse(socket, new Refusal(400, invalidRequest(`invalid request: ${error.message}`))),
  )
  for (const server of servers) server.on('upgrade', upgrade)

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const caller = admit(request)
    if (caller instanceof Refusal) refuse(socket, caller)
    else sockets.handleUpgrade(request, socket, head, (opened) => open(opened, caller))
  }

  function admit(request: IncomingMessage): Caller | Refusal {
    const path = PATH.exec((request.url ?? '/').split('?', 1)[0]!)
    if (path === null) return new Refusal(404, invalidRequest('invalid request: WebSocket is served on / and /ws'))
    const closed = gate.refusal()
    if (closed !== undefined) return new Refusal(503, closed)
    if (!isHostAllowed(request.headers.host)) return new Refusal(403, invalidRequest('invalid request: unknown host'))
    try {
      return identify(request, path.groups?.['key'])
    } catch (error) {
      return new Refusal(401, error as RpcError)
    }
  }

  function open(socket: WebSocket, caller: Caller): void {
    const send = createOutbox(socket)
    const connection: Connection = { subscriptions: new Map(), send }
    const gone = new AbortController()
    const context = { ...caller, transport: 'ws', connection, signal: gone.signal } as const
    let running = 0

    async function serve(message: string): Promise<void> {
      running += 1
      if (running === MAX_RUNNING) socket.pause()
      try {
        const afterAnswer: (() => void)[] = []
        const { text } = await dispatcher.dispatch(message, { ...context, afterAnswer })
        if (text !== undefined) send(text)
        for (const work of afterAnswer) work()
      } finally {
        running -= 1
        if (socket.isPaused && running < MAX_RUNNING) socket.resume()
      }
    }

    metrics.connections.add(connection)
    missedPings.set(socket, 0)
    socket.on('pong', () => missedPings.set(socket, 0))
    socket.on('error', (err) => logger.debug({ err }, 'WebSocket error'))
    socket.on('close', () => {
      metrics.connections.delete(connection)
      gone.abort()
      for (const { end } of connection.subscriptions.values()) end()
      connection.subscriptions.clear()
    })
    socket.on('message', (data, isBinary) => {
      if (isBinary) send(formatError(null, invalidRequest('invalid request: text frames only')))
      else serve(String(data)).catch((err: unknown) => logger.error({ err }, 'WebSocket request failed'))
    })
  }

  const pings = setInterval(() => {
    for (const socket of sockets.clients) {
      const missed = missedPings.get(socket) ?? 0
      if (missed >= MAX_MISSED_PINGS) {
        socket.terminate()
        continue
      }
      missedPings.set(socket, missed + 1)
      socket.ping()
    }
  }, limits.ws.pingIntervalMs)
  pings.unref()

  return () => {
    clearInterval(pings)
    for (const socket of sockets.clients) socket.close(GOING_AWAY, 'node is stopping')
    sockets.close()
  }
}

class Refusal {
  readonly status: number
  readonly body: string

  constructor(status: number, error: RpcError) {
    this.status = status
    this.body = formatError(null, error)
  }
}

/** Answers an upgrade as HTTP would. */
function refuse(socket: Duplex, { status, body }: Refusal): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
