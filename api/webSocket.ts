import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '#common/logger.ts'
import { invalidRequest } from './errors.ts'
import { type Dispatcher, formatError } from './jsonRpc.ts'
import type { Connection } from './method.ts'
import type { Metrics } from './metrics.ts'

const PATHS = new Set(['/', '/ws'])
const MAX_FRAME_BYTES = 15 * 1024 * 1024
const PING_INTERVAL_MS = 30_000
const MAX_MISSED_PINGS = 2
/** A reader that is further behind is cut off with 1013, try again later. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024
const TRY_AGAIN_LATER = 1013
const GOING_AWAY = 1001

/** JSON-RPC over WebSocket on the port of an HTTP server. Returns what closes all connections. */
export function serveWebSocket(
  server: Server,
  { dispatcher, metrics, logger }: { dispatcher: Dispatcher; metrics: Metrics; logger: Logger },
): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES })
  const missedPings = new WeakMap<WebSocket, number>()

  server.on('upgrade', (request, socket, head) => {
    const path = (request.url ?? '/').split('?', 1)[0]!
    if (!PATHS.has(path)) socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
    else sockets.handleUpgrade(request, socket, head, (opened) => open(opened, request.socket.remoteAddress))
  })

  function open(socket: WebSocket, ip: string | undefined): void {
    const connection: Connection = { subscriptions: new Map(), send: (message) => send(socket, message) }
    metrics.connections.inc()
    missedPings.set(socket, 0)
    socket.on('pong', () => missedPings.set(socket, 0))
    socket.on('error', (err) => logger.debug({ err }, 'WebSocket error'))
    socket.on('close', () => {
      metrics.connections.dec()
      for (const end of connection.subscriptions.values()) end()
      connection.subscriptions.clear()
    })
    socket.on('message', (data, isBinary) => {
      if (isBinary) {
        send(socket, formatError(null, invalidRequest('invalid request: text frames only')))
        return
      }
      const afterAnswer: (() => void)[] = []
      dispatcher
        .dispatch(String(data), { connection, ip, afterAnswer })
        .then((answer) => {
          if (answer !== undefined) send(socket, answer)
          for (const work of afterAnswer) work()
        })
        .catch((err: unknown) => logger.error({ err }, 'WebSocket request failed'))
    })
  }

  function send(socket: WebSocket, message: string): void {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.close(TRY_AGAIN_LATER, 'reader is too slow')
    else socket.send(message)
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
  }, PING_INTERVAL_MS)
  pings.unref()

  return () => {
    clearInterval(pings)
    for (const socket of sockets.clients) socket.close(GOING_AWAY, 'node is stopping')
    sockets.close()
  }
}
