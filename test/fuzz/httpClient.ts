import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { faultOf } from './answers.ts'
import type { Random } from './random.ts'

const NO_CONTENT = 204
const PATIENCE_MS = 30_000
const HEADS = [
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"jso\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
  'POST / HTTP/9.9\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
  'GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: x\r\n\r\n',
  'POST / HT',
]

export type HttpFuzz = {
  /** What is wrong with the answer to a whole message. */
  send: (message: string) => Promise<string | undefined>
  /** A message that never becomes whole, or comes in drops. */
  misbehave: (message: string) => Promise<string | undefined>
  close: () => void
}

export function createHttpFuzz(url: string, random: Random, connections: number): HttpFuzz {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(url)

  async function post(body: Buffer, headers: Record<string, string>): Promise<string | undefined> {
    const outgoing = request(url, { method: 'POST', agent, headers, signal: AbortSignal.timeout(PATIENCE_MS) })
    outgoing.end(body)
    const [response] = await once(outgoing, 'response')
    const text = Buffer.concat(await response.toArray()).toString()
    if (response.statusCode === NO_CONTENT) return text === '' ? undefined : `204 with a body: ${text.slice(0, 200)}`
    return faultOf(text)
  }

  /** Whatever comes back before the end of the connection has to be a JSON-RPC error in HTTP. */
  async function raw(parts: readonly (string | Buffer)[], end: 'half' | 'cut'): Promise<string | undefined> {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.on('error', () => {})
    socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    await once(socket, 'connect')
    for (const part of parts) {
      socket.write(part)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    if (end === 'cut') {
      socket.destroy()
      return undefined
    }
    socket.end()
    const answer = Buffer.concat(await socket.toArray().catch(() => [])).toString()
    return answer === '' ? undefined : faultOf(answer.slice(answer.indexOf('\r\n\r\n')))
  }

  return {
    async send(message) {
      const headers = {
        'content-type': random.of(['application/json', 'application/json; charset=utf-8', 'text/plain']),
      }
      if (random.happens(0.9)) return await post(Buffer.from(message), headers)
      const body = random.happens(0.5) ? gzipSync(message) : Buffer.from(message)
      return await post(body, { ...headers, 'content-encoding': random.of(['gzip', 'br', 'identity', 'nonsense']) })
    },
    async misbehave(message) {
      const end = random.of(['half', 'cut'] as const)
      if (random.happens(0.5)) return await raw([random.of(HEADS)], end)
      const body = Buffer.from(message).subarray(0, 2000)
      const length = body.length + random.of([0, 0, 10, -5])
      const head = `POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`
      const drops = Array.from({ length: 4 }, (_, index) =>
        body.subarray((index * body.length) / 4, ((index + 1) * body.length) / 4),
      )
      return await raw([head, ...drops], end)
    },
    close: () => agent.destroy(),
  }
}
