import { Hono } from 'hono'
import { checkAsErigon, ERIGON_HEADER } from './erigonHealth.ts'
import type { Health } from './health.ts'

/** What load balancers ask, on every port. */
export function createProbes(health: Health): Hono {
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
  return app
}

/** The operations port: probes, and what is for operators alone. */
export function createOpsApp(deps: {
  health: Health
  metrics: { contentType: string; read: () => Promise<string> }
  readStatus: () => Promise<object>
  shownConfig: unknown
}): Hono {
  const { health, metrics, readStatus, shownConfig } = deps
  const app = createProbes(health)
  app.get('/metrics', async (c) => c.body(await metrics.read(), 200, { 'content-type': metrics.contentType }))
  app.get('/status', async (c) => c.json(await readStatus()))
  app.get('/config', (c) => c.json(shownConfig as object))
  return app
}
