import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { NODE_VERSION } from '#common/version.ts'
import { opsPortOf, type ProcessRole } from '#config/ops.ts'
import { redactConfig } from '#config/redact.ts'
import type { Config, ProverConfig } from '#config/schema.ts'
import { type Checks, createChecks } from './health.ts'
import { listenOps } from './listen.ts'
import { createOpsApp } from './opsApp.ts'
import { createTemporalView, type TemporalView } from './temporalView.ts'

/** The operations port of a process, and where its parts say how they are. */
export interface Ops {
  readonly role: ProcessRole
  /** Metrics of the process; there is no other registry in it. */
  readonly registry: Registry
  readonly checks: Checks
  readonly temporal: TemporalView
  /** Adds metrics that something else writes, in the same text form. */
  addMetricsText(read: () => Promise<string>): void
  /** Adds to /status; what cannot be read is left out there. */
  addStatus(read: () => Promise<object>): void
  /** All metrics as a scraper reads them. */
  readMetrics(): Promise<string>
  /** Opens the port and returns it. @throws {OpsPortError} */
  listen(): Promise<number>
  close(): Promise<void>
}

/** The first thing that a process makes, so that it can be asked from its start on. */
export function createOps(role: ProcessRole, config: Config | ProverConfig): Ops {
  const registry = createRegistry(role)
  const checks = createChecks()
  const texts: (() => Promise<string>)[] = [() => registry.metrics()]
  const startedAt = new Date().toISOString()
  const status: (() => Promise<object>)[] = []
  let closePort = async () => {}
  const temporal = createTemporalView(config)
  // An API serves what is stored while Temporal is away.
  checks.add('temporal', temporal.check, { required: role !== 'api' })
  status.push(async () => ({ workflows: await temporal.countWorkflows() }))
  noteVersion(registry, config)
  noteChecks(registry, checks)

  const readMetrics = async () => (await Promise.all(texts.map((read) => read()))).join('\n')
  async function readStatus(): Promise<object> {
    const { name, chainId, verifier } = config.network
    const parts = await Promise.all(status.map((read) => read().catch(() => ({}))))
    return Object.assign(
      { version: NODE_VERSION, process: role, startedAt },
      { role: config.role, network: name, chainId, verifier },
      ...parts,
    )
  }

  return {
    ...{ role, registry, checks, temporal, readMetrics },
    addMetricsText: (read) => void texts.push(read),
    addStatus: (read) => void status.push(read),
    async listen() {
      const metrics = { contentType: registry.contentType, read: readMetrics }
      const app = createOpsApp({ health: checks, metrics, readStatus, shownConfig: redactConfig(config) })
      const { host } = config.ops
      const server = await listenOps(app, { role, host, port: opsPortOf(role, config.ops) })
      closePort = server.close
      return server.port
    },
    async close() {
      await closePort()
      await temporal.close()
    },
  }
}

/** With the metrics of the process itself. */
export function createRegistry(role: ProcessRole): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, labels: { role } })
  return registry
}

function noteVersion(registry: Registry, { role, network }: Config | ProverConfig): void {
  new Gauge({
    ...{ name: 'zknode_info', registers: [registry], labelNames: ['version', 'node_role', 'network'] },
    help: 'What runs here; always 1.',
  }).set({ version: NODE_VERSION, node_role: role, network: network.name }, 1)
}

/** For alerts: a scraper sees what /ready says. */
function noteChecks(registry: Registry, checks: Checks): void {
  new Gauge({
    ...{ name: 'node_check_ok', registers: [registry], labelNames: ['check'] },
    help: 'Checks of /ready: 1 when one is fine, 0 when it fails.',
    async collect() {
      for (const [check, { ok }] of Object.entries((await checks.check()).checks)) this.set({ check }, ok ? 1 : 0)
    },
  })
}
