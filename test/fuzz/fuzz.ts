import { createHttpFuzz } from './httpClient.ts'
import { createMessages } from './messages.ts'
import { Random } from './random.ts'
import { createWebSocketFuzz } from './webSocketClient.ts'

export type FuzzTarget = { url: string; wsUrl: string }
export type FuzzOptions = { requests: number; seed: number; onProgress?: (sent: number) => void }
export type FuzzReport = { http: number; webSocket: number; misbehaving: number; faults: readonly string[] }

const CONNECTIONS = 16
const MESSAGES_OF_A_SOCKET = 50
const [WEB_SOCKET_SHARE, MISBEHAVING_SHARE] = [0.4, 0.03]
const MAX_FAULTS = 20

/** Sends so many malformed or random requests over HTTP and WebSocket. Ends early when much is wrong. */
export async function fuzz(
  { url, wsUrl }: FuzzTarget,
  { requests, seed, onProgress }: FuzzOptions,
): Promise<FuzzReport> {
  const random = new Random(seed)
  const next = createMessages(random, await listMethods(url))
  const http = createHttpFuzz(url, random, CONNECTIONS)
  const webSocket = createWebSocketFuzz(wsUrl, random)
  const sent = { http: 0, webSocket: 0, misbehaving: 0 }
  const faults: string[] = []
  const note = (message: string, fault: string | undefined) => {
    if (fault !== undefined) faults.push(`${fault}\n  to ${message.slice(0, 500)}`)
  }
  const total = () => sent.http + sent.webSocket + sent.misbehaving

  async function step(): Promise<void> {
    if (random.happens(WEB_SOCKET_SHARE / MESSAGES_OF_A_SOCKET)) {
      const messages = Array.from({ length: MESSAGES_OF_A_SOCKET }, next)
      sent.webSocket += messages.length
      for (const fault of await webSocket.send(messages)) note('one of a WebSocket', fault)
      return
    }
    const message = next()
    if (random.happens(MISBEHAVING_SHARE)) {
      sent.misbehaving += 1
      note(message, await http.misbehave(message))
    } else {
      sent.http += 1
      note(message, await http.send(message))
    }
  }

  const client = async () => {
    while (total() < requests && faults.length < MAX_FAULTS) {
      await step()
      onProgress?.(total())
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, client))
  } finally {
    http.close()
  }
  return { ...sent, faults }
}

async function listMethods(url: string): Promise<string[]> {
  const response = await fetch(url, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rpc.discover' }),
  })
  const { result } = (await response.json()) as { result: { methods: { name: string }[] } }
  return [...result.methods.map(({ name }) => name), 'eth_nope', '']
}
