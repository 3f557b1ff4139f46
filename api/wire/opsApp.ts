import { Hono } from 'hono'
import { redactConfig } from '#config/redact.ts'
import type { Config } from '#config/schema.ts'
import { checkAsErigon, ERIGON_HEADER } from './erigonHealth.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

/** What load balancers and scrapers ask, on every port. */
export function createProbes({ health, metrics }: { health: Health; metrics: Metrics }): Hono {
  const app = new Hono()
  app.get('/live', (c) => c.json({ status: 'live' }))
  app.get('/ready', async (c) => {
    const readiness = await health.check()
    return c.json(readiness, readiness.status === 'ready' ? 200 : 503)
  })
  app.get('/health', async (c) => {
    const asked = c.req.header(ERIGON_HEADER)
    if (asked === undefined) return c.json(await health.check())
    const { isHealthy, report } = checkAsErigon(asked, await health.check())
    return c.json(report, isHealthy ? 200 : 500)
  })
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
  return app
}

/** The operations port: probes, and what is for operators alone. */
export function createOpsApp(deps: {
  health: Health
  metrics: Metrics
  config: Config
  readStatus: () => Promise<object>
}): Hono {
  const app = createProbes(deps)
  app.get('/status', async (c) => c.json(await deps.readStatus()))
  app.get('/config', (c) => c.json(redactConfig(deps.config) as object))
  return app
}
