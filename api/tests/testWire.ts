import { Writable } from 'node:stream'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { rpcSchema } from '#config/rpc.ts'
import type { ConfigInput } from '#config/schema.ts'
import { createMethodTable, type Method } from '../method.ts'
import type { ApiKey } from '../wire/apiKeys.ts'
import { createGate } from '../wire/gate.ts'
import { createDispatcher } from '../wire/jsonRpc.ts'
import { createMetrics } from '../wire/metrics.ts'
import { openWire } from '../wire/wire.ts'

/** The wire on free ports over methods of a test, without a database. `logged` grows with each line of the log. */
export async function startTestWire(
  methods: readonly Method[],
  {
    rpc: options = {},
    keys = {},
    isReady = true,
  }: { rpc?: ConfigInput['rpc']; keys?: Record<string, ApiKey>; isReady?: boolean } = {},
) {
  const rpc = rpcSchema.parse({ port: 0, ...options })
  const logged: Record<string, unknown>[] = []
  const sink = new Writable({
    write(line, _, done) {
      logged.push(JSON.parse(String(line)))
      done()
    },
  })
  const logger = pino({ level: 'debug' }, sink)
  const registry = new Registry()
  const [gate, metrics] = [createGate(), createMetrics(registry)]
  const dispatcher = createDispatcher({
    ...{ methods: createMethodTable(methods, rpc.namespaces), limits: rpc, logger, observer: metrics.observer },
  })
  const wire = await openWire({
    ...{ dispatcher, gate, metrics, rpc, logger, findKey: (key) => keys[key] },
    health: { check: async () => ({ status: 'ready', checks: {} }) },
  })
  if (isReady) gate.open()
  return {
    ...{ gate, metrics, registry, logged, wire },
    url: `http://127.0.0.1:${wire.port}`,
    wsUrl: `ws://127.0.0.1:${wire.port}`,
  }
}

export type TestWire = Awaited<ReturnType<typeof startTestWire>>
