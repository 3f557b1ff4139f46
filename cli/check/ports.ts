import { createServer } from 'node:net'
import { z } from 'zod'
import { type Finding, fault, fine, warning } from './finding.ts'

/** A server of a process, with the options that say where. */
export type Listener = { option: string; hostOption: string; host: string; port: number }

/** How long whoever has a port may take to say who it is. */
const INTRODUCTION_MS = 3000

/** Whether each server could listen where it shall. Port 0 is any free one. `chainId`: of this node's L2. */
export async function checkPorts(listeners: readonly Listener[], chainId: number | undefined): Promise<Finding[]> {
  const fixed = listeners.filter(({ port }) => port !== 0)
  const found = fixed.map(async (listener, index) => {
    const twin = fixed.slice(0, index).find(({ port }) => port === listener.port)
    return twin === undefined ? await checkPort(listener, chainId) : describeTwins(listener, twin)
  })
  return await Promise.all(found)
}

const describeTwins = ({ option, port }: Listener, twin: Listener): Finding =>
  fault(option, `is ${port}, as ${twin.option} is`, 'Choose another port for one of them.')

async function checkPort({ option, hostOption, host, port }: Listener, chainId: number | undefined): Promise<Finding> {
  const code = await tryToListen(host, port)
  switch (code) {
    case undefined:
      return fine(option, `${host}:${port} is free`)
    case 'EADDRINUSE':
      return describeTaken(option, `${host}:${port}`, await askChain(port), chainId)
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

/** @param theirs chain of the node that listens there, when it is one */
function describeTaken(option: string, place: string, theirs: number | undefined, ours: number | undefined): Finding {
  if (theirs === undefined)
    return fault(option, `${place} is taken by another process`, 'Stop that process, or choose another port.')
  const found = `${place} is taken by a zkNode of chain ${theirs} that runs`
  if (theirs !== ours) return fault(option, found, 'Stop it, or choose another port.')
  return warning(option, found, 'Nothing to do when it is this one; else stop it, or choose another port.')
}

/** What an operations port, and the JSON-RPC, of a node say of themselves. */
const QUESTIONS = [
  { path: '/status', init: {}, answer: z.object({ version: z.string(), chainId: z.number() }) },
  {
    path: '/',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        ['web3_clientVersion', 'eth_chainId'].map((method, id) => ({ jsonrpc: '2.0', id, method, params: [] })),
      ),
    },
    answer: z
      .tuple([z.object({ result: z.string().startsWith('zkNode/') }), z.object({ result: z.string() })])
      .transform(([, { result }]) => ({ chainId: Number(result) })),
  },
]

/** The chain of the node like this one that listens there; undefined when it is something else. */
async function askChain(port: number): Promise<number | undefined> {
  const asked = QUESTIONS.map(async ({ path, init, answer }) => {
    const signal = AbortSignal.timeout(INTRODUCTION_MS)
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal })
    return answer.parse(await response.json()).chainId
  })
  return await Promise.any(asked).catch(() => undefined)
}
