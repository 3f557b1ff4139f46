import { createServer, Server } from 'node:net'
import { NodeError } from '#common/errors.ts'

export class NoFreePortError extends NodeError {
  override readonly name = 'NoFreePortError'
}

const LOOPBACK = '127.0.0.1'
/** Where a chosen port is kept: the same number on a loopback address that serves nothing. */
const KEEPING = '127.122.107.101'
/** Below the ports that systems give to outgoing connections. */
const OTHER_PORTS = { from: 20_000, to: 30_000 }

/**
 * The preferred port when it is free, else any free one. Between the choice and the server's start it would be nobody's,
 * so this process keeps it until it ends: no other that chooses here gets the same. Where the system has only one
 * loopback address (macOS) two that start at once may still meet.
 */
export async function choosePort(preferred?: number): Promise<number> {
  const { from, to } = OTHER_PORTS
  const count = to - from
  const first = Math.floor(Math.random() * count)
  const others = Array.from({ length: count }, (_, index) => from + ((first + index) % count))
  for (const port of preferred === undefined ? others : [preferred, ...others])
    if ((await isFree(port)) && (await keep(port))) return port
  throw new NoFreePortError('No port is free for a local server.', { facts: OTHER_PORTS })
}

async function isFree(port: number): Promise<boolean> {
  const server = await tryToListen(LOOPBACK, port)
  if (!(server instanceof Server)) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

async function keep(port: number): Promise<boolean> {
  const server = await tryToListen(KEEPING, port)
  if (server instanceof Server) server.unref()
  return server !== 'EADDRINUSE'
}

/** The server, or the code of the error. */
function tryToListen(host: string, port: number): Promise<Server | string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    server.listen({ host, port, exclusive: true }, () => resolve(server))
  })
}
