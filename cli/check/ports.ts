import { createServer } from 'node:net'
import { type Finding, fault, fine } from './finding.ts'

/** A server of a process: `section` of the file has its host and port. */
export type Listener = { section: string; host: string; port: number }

/** Whether each server could listen where it shall. Port 0 is any free one. */
export async function checkPorts(listeners: readonly Listener[]): Promise<Finding[]> {
  const fixed = listeners.filter(({ port }) => port !== 0)
  const found = fixed.map(async (listener, index) => {
    const twin = fixed.slice(0, index).find(({ port }) => port === listener.port)
    return twin === undefined ? await checkPort(listener) : describeTwins(listener, twin)
  })
  return await Promise.all(found)
}

const describeTwins = ({ section, port }: Listener, twin: Listener): Finding =>
  fault(`${section}.port`, `is ${port}, as ${twin.section}.port is`, 'Choose another port for one of them.')

async function checkPort({ section, host, port }: Listener): Promise<Finding> {
  const code = await tryToListen(host, port)
  const option = `${section}.port`
  switch (code) {
    case undefined:
      return fine(option, `${host}:${port} is free`)
    case 'EADDRINUSE':
      return fault(option, `${host}:${port} is taken by another process`, 'Stop that process, or choose another port.')
    case 'EACCES':
      return fault(option, `this user may not listen on ${host}:${port}`, 'Choose a port above 1023.')
    default:
      return fault(`${section}.host`, `cannot listen on ${host}: ${code}`, 'Name an address of this machine.')
  }
}

/** The code of the error; undefined when it can be listened on. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
