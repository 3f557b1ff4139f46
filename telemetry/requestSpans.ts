import type { Hash } from '#protocol/primitives.ts'
import type { Telemetry } from './telemetry.ts'

type Answered = {
  method: string
  transport: string
  ms: number
  outcome: string
  /** Header of the request. */
  traceparent?: string | undefined
  result?: unknown
}

const SEND = 'eth_sendRawTransaction'

/** A span for each request, in its caller's trace; of a transaction that is taken also the first of the transaction's own. */
export function tellAnswered(telemetry: Telemetry, { method, transport, ms, outcome, traceparent, result }: Answered) {
  const endedAt = Date.now()
  const times = { startedAt: endedAt - ms, endedAt }
  const hash = method === SEND && outcome === 'ok' && typeof result === 'string' ? (result as Hash) : undefined
  const own = hash && telemetry.transaction(hash)
  const request = telemetry.tellIn(traceparent, {
    ...{ name: method, ...times, error: outcome === 'ok' ? undefined : outcome },
    attributes: { 'rpc.system': 'jsonrpc', 'rpc.method': method, 'zknode.transport': transport },
    links: own === undefined ? [] : [own],
  })
  if (own === undefined) return
  const links = request === undefined ? [] : [request]
  telemetry.tell(own, { name: 'pooled', ...times, links, attributes: { 'zknode.tx_hash': hash! } }, { isRoot: true })
}
