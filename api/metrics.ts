import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RequestObserver } from './jsonRpc.ts'

export interface Metrics {
  registry: Registry
  observe: RequestObserver
  connections: Gauge
}

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Of one process. The label `method` holds known names only: the dispatcher says `unknown` for others. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'rpc_requests_total',
    help: 'JSON-RPC requests by method and outcome: ok or the error code.',
    labelNames: ['method', 'outcome'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'rpc_request_duration_seconds',
    help: 'Time to answer a JSON-RPC request.',
    labelNames: ['method'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  const connections = new Gauge({
    name: 'rpc_ws_connections',
    help: 'Open WebSocket connections.',
    registers: [registry],
  })
  return {
    registry,
    connections,
    observe(method, ms, code) {
      requests.inc({ method, outcome: code === undefined ? 'ok' : String(code) })
      durations.observe({ method }, ms / 1000)
    },
  }
}
