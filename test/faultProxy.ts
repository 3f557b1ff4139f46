import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { keccak256 } from 'ethers'

type Call = { id: number; method: string; params: unknown[] }

/** What goes wrong between a node and its L1. All may change while requests come. */
export type Faults = {
  /** Connections are cut. */
  down?: boolean
  /** Answers HTTP 429 to every n-th request. */
  limitEvery?: number
  /** Seconds in the header Retry-After of a 429. */
  retryAfterSeconds?: number
  /** More requests at once than these are answered with 429. */
  maxParallel?: number
  latencyMs?: number
  /** eth_getLogs over more blocks is refused, in the words of `refuse`. */
  maxRange?: number
  refuse?: (call: Call) => Refusal
  /** Transactions are acknowledged and forgotten. */
  dropsTransactions?: boolean
  /** The endpoint answers as if it were this many blocks behind: newer blocks and their logs are not there. */
  behind?: number
  /** Answers of its own; undefined passes a call on. */
  answer?: (call: Call) => object | undefined
}

/** An answer of its own, with its HTTP status; text is no JSON-RPC. */
export type Refusal = { status?: number; body: object | string }

export type FaultProxy = {
  url: string
  /** In force now. Assign to change them. */
  faults: Faults
  /** Methods that were asked for, newest last, refused ones included. */
  readonly calls: Call[]
  readonly limited: number
  /** Most requests that were under way at once. */
  readonly parallel: number
  close(): Promise<void>
}

const REFUSED: Refusal = { body: { error: { code: -32602, message: 'eth_getLogs is limited to a 100 blocks range' } } }

/** A JSON-RPC endpoint on loopback that passes calls on to another, with faults. */
export async function startFaultProxy(target: string, faults: Faults = {}): Promise<FaultProxy> {
  const seen = { requests: 0, limited: 0, underWay: 0, parallel: 0 }
  const calls: Call[] = []
  const proxy = {
    url: '',
    faults,
    calls,
    get limited() {
      return seen.limited
    },
    get parallel() {
      return seen.parallel
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { down, limitEvery, retryAfterSeconds, latencyMs, maxParallel = Number.POSITIVE_INFINITY } = proxy.faults
    if (down) return void request.socket.destroy()
    const call = JSON.parse(await readText(request)) as Call | Call[]
    if (Array.isArray(call)) {
      const answers = await Promise.all(
        call.map(async (one) => ({ jsonrpc: '2.0', id: one.id, ...(await forward(target, one)) })),
      )
      return void response.end(JSON.stringify(answers)) // not what the node sends
    }
    calls.push(call)
    seen.requests++
    if ((limitEvery !== undefined && seen.requests % limitEvery === 0) || seen.underWay > maxParallel) {
      seen.limited++
      if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
      return void response.writeHead(429).end('slow down')
    }
    if (latencyMs !== undefined) await sleep(latencyMs)
    const { status = 200, body } = (await refusal(call)) ?? { body: await forward(target, call) }
    const text = typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', id: call.id, ...body })
    if (!response.destroyed) response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }

  async function refusal(call: Call): Promise<Refusal | undefined> {
    const { maxRange = Number.POSITIVE_INFINITY, refuse, dropsTransactions, behind, answer } = proxy.faults
    const own = answer?.(call)
    if (own !== undefined) return { body: own }
    if (call.method === 'eth_getLogs' && sizeOf(call) > maxRange) return refuse?.(call) ?? REFUSED
    if (call.method === 'eth_sendRawTransaction' && dropsTransactions) {
      return { body: { result: keccak256(call.params[0] as string) } }
    }
    return behind === undefined ? undefined : await answerBehind(call, behind)
  }

  async function answerBehind(call: Call, behind: number): Promise<Refusal | undefined> {
    const { result } = (await forward(target, { ...call, method: 'eth_blockNumber', params: [] })) as { result: string }
    const head = Number(result) - behind
    const hex = `0x${head.toString(16)}`
    if (call.method === 'eth_blockNumber') return { body: { result: hex } }
    if (call.method === 'eth_getBlockByNumber') {
      const [tag, full] = call.params
      if (tag === 'latest') return { body: await forward(target, { ...call, params: [hex, full] }) }
      if (Number(tag) > head) return { body: { result: null } }
    }
    if (call.method === 'eth_getLogs') {
      const [filter] = call.params as [{ fromBlock: string; toBlock: string }]
      // As many nodes do: what they do not have yet is silently missing.
      if (Number(filter.fromBlock) > head) return { body: { result: [] } }
      if (Number(filter.toBlock) > head)
        return { body: await forward(target, { ...call, params: [{ ...filter, toBlock: hex }] }) }
    }
    return undefined
  }

  const server = createServer((request, response) => {
    seen.underWay++
    seen.parallel = Math.max(seen.parallel, seen.underWay)
    handle(request, response)
      .catch(() => request.socket.destroy()) // the target is away, or the client has left
      .finally(() => seen.underWay--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return proxy
}

async function forward(target: string, { method, params }: Call): Promise<object> {
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
  return error === undefined ? { result } : { error }
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

function sizeOf({ params }: Call): number {
  const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }]
  return Number(toBlock) - Number(fromBlock) + 1
}
