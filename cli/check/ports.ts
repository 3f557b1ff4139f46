import { createServer } from 'node:net'
import { z } from 'zod'
import { type Finding, fault, fine } from './finding.ts'

/** A server of a process, with the options that say where. */
export type Listener = { option: string; hostOption: string; host: string; port: number }

/** How long whoever has a port may take to say who it is. */
const INTRODUCTION_MS = 1000

/** Whether each server could listen where it shall. Port 0 is any free one. */
export async function checkPorts(listeners: readonly Listener[]): Promise<Finding[]> {
  const fixed = listeners.filter(({ port }) => port !== 0)
  const found = fixed.map(async (listener, index) => {
    const twin = fixed.slice(0, index).find(({ port }) => port === listener.port)
    return twin === undefined ? await checkPort(listener) : describeTwins(listener, twin)
  })
  return await Promise.all(found)
}

const describeTwins = ({ option, port }: Listener, twin: Listener): Finding =>
  fault(option, `is ${port}, as ${twin.option} is`, 'Choose another port for one of them.')

async function checkPort({ option, hostOption, host, port }: Listener): Promise<Finding> {
  const code = await tryToListen(host, port)
  switch (code) {
    case undefined:
      return fine(option, `${host}:${port} is free`)
    case 'EADDRINUSE':
      return (await isZkNode(port))
        ? fault(option, `${host}:${port} is taken by a zkNode that runs`, 'Stop it, or choose another port.')
        : fault(option, `${host}:${port} is taken by another process`, 'Stop that process, or choose another port.')
    case 'EACCES':
      return fault(option, `this user may not listen on ${host}:${port}`, 'Choose a port above 1023.')
    default:
      return fault(hostOption, `cannot listen on ${host}: ${code}`, 'Name an address of this machine.')
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

const introductions = [
  { path: '/status', init: {}, answer: z.object({ version: z.string(), role: z.string() }) },
  {
    path: '/',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"web3_clientVersion","params":[]}',
    },
    answer: z.object({ result: z.string().startsWith('zkNode/') }),
  },
]

/** Whether who listens there is an operations port, or the JSON-RPC, of a node like this one. */
async function isZkNode(port: number): Promise<boolean> {
  const asked = introductions.map(async ({ path, init, answer }) => {
    const signal = AbortSignal.timeout(INTRODUCTION_MS)
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal })
    return answer.parse(await response.json())
  })
  return (await Promise.allSettled(asked)).some(({ status }) => status === 'fulfilled')
}
