import { createServer } from 'node:net'
import getPort from 'get-port'
import { NodeError } from '#common/errors.ts'

export class PortBusyError extends NodeError {
  override readonly name = 'PortBusyError'
}

/** Whether a server could listen on this loopback port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** The preferred port when it is free, else any free one. Two calls never give the same port within half a minute. */
export async function choosePort(preferred?: number): Promise<number> {
  return getPort({ host: '127.0.0.1', ...(preferred === undefined ? {} : { port: preferred }) })
}
