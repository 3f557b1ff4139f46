import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Connection } from '../method.ts'
import type { Observation, RequestObserver } from './jsonRpc.ts'

export interface Metrics {
  observer: RequestObserver
  /** WebSocket connections that are open. */
  connections: Set<Connection>
}

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const BUCKETS_BYTES = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]
const RATE_LIMITED = '-32005'

/** Of JSON-RPC in this process. The label `method` holds known names only: the dispatcher says `unknown` for others. */
export function createMetrics(registry: Registry): Metrics {
  const registers = [registry]
  const connections = new Set<Connection>()
  const requests = new Counter({
    ...{ name: 'rpc_requests_total', registers, labelNames: ['method', 'transport', 'outcome'] },
    help: 'JSON-RPC requests by method, transport and outcome: ok, cancelled or the error code.',
  })
  const durations = new Histogram({
    ...{ name: 'rpc_request_duration_seconds', registers, labelNames: ['method'], buckets: BUCKETS_SECONDS },
    help: 'Time to answer a JSON-RPC request.',
  })
  const answerBytes = new Histogram({
    ...{ name: 'rpc_response_bytes', registers, buckets: BUCKETS_BYTES },
    help: 'Size of the answer to a JSON-RPC request, before compression.',
  })
  const limited = new Counter({
    ...{ name: 'rpc_rate_limited_total', registers },
    help: 'JSON-RPC requests refused for the rate of their caller.',
  })
  const inFlight = new Gauge({
    ...{ name: 'rpc_in_flight', registers },
    help: 'JSON-RPC requests that run.',
  })
  new Gauge({
    ...{ name: 'rpc_ws_connections', registers },
    help: 'Open WebSocket connections.',
    collect() {
      this.set(connections.size)
    },
  })
  new Gauge({
    ...{ name: 'rpc_subscriptions', registers, labelNames: ['kind'] },
    help: 'Subscriptions of open WebSocket connections.',
    collect() {
      this.reset()
      for (const { subscriptions } of connections) for (const { kind } of subscriptions.values()) this.inc({ kind })
    },
  })
  // The names of zkevm-node, for its dashboards.
  const handled = new Counter({
    ...{ name: 'jsonrpc_request_handled', registers, labelNames: ['type'] },
    help: 'JSON-RPC requests, as zkevm-node names them: rpc_requests_total tells more.',
  })
  const duration = new Histogram({
    ...{ name: 'jsonrpc_request_duration', registers, buckets: BUCKETS_SECONDS },
    help: 'Time to answer a JSON-RPC request in seconds, as zkevm-node names it.',
  })

  let running = 0
  inFlight.set(0)
  return {
    connections,
    observer: {
      started() {
        running += 1
        inFlight.set(running)
      },
      answered({ method, transport, ms, outcome, answerLength }: Observation) {
        const seconds = ms / 1000
        running -= 1
        inFlight.set(running)
        requests.inc({ method, transport, outcome })
        durations.observe({ method }, seconds)
        answerBytes.observe(answerLength)
        if (outcome === RATE_LIMITED) limited.inc()
        handled.inc({ type: outcome === 'ok' ? 'success' : 'error' })
        duration.observe(seconds)
      },
    },
  }
}
