import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { invalidRequest } from '../errors.ts'
import { formatError } from './jsonRpc.ts'

/** Of a client that is slow: for its headers, and for its whole request. */
const [HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS] = [15_000, 60_000]
/** Longer than load balancers keep idle connections, so that they are not closed under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** Serves an app on a port; 0 takes a free one. */
export async function listenHttp(
  app: Pick<Parameters<typeof createAdaptorServer>[0], 'fetch'>,
  { host, port }: { host: string; port: number },
): Promise<{ server: Server; port: number }> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
  }) as Server
  server.on('clientError', refuseMalformed)
  server.listen(port, host)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** What is no HTTP, or comes too slowly, gets a JSON-RPC error as well. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const status = STATUS_OF_ERROR[error.code ?? ''] ?? '400 Bad Request'
  const body = formatError(null, invalidRequest(`invalid request: ${status.slice(4)}`))
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Takes no new connections. Idle ones end at once, running requests within the grace time. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const patience = new AbortController()
  const late = delay(graceMs, undefined, { signal: patience.signal, ref: false }).then(
    () => server.closeAllConnections(),
    () => {},
  )
  await closed
  patience.abort()
  await late
}
