import type { Worker } from '@temporalio/worker'
import { createLogger, type Logger } from '#common/logger.ts'
import { loadConfig, loadProverConfig } from '#config/load.ts'
import type { ProcessRole } from '#config/ops.ts'
import type { Config, ProverConfig } from '#config/schema.ts'
import { createOps, type Ops } from '#ops/ops.ts'
import { startTelemetry, type Telemetry } from '#telemetry/telemetry.ts'
import { type CoreMetrics, createCoreMetrics, workflowFailures } from './coreMetrics.ts'
import { installTemporalRuntime } from './temporal.ts'

/** What a process has after its start: workers to run and what to close behind them. */
export type Role = { workers: readonly Worker[]; close: () => Promise<void> }

/**
 * Runs a process of the node: reads the configuration, opens the operations port, starts the role, says `worker ready`,
 * works until SIGTERM or SIGINT, lets activities end within the grace time and exits. Exit code 1 with one clear line
 * when it cannot start or a worker fails; the supervisor starts it again.
 */
export async function runRole(
  name: ProcessRole,
  start: (config: Config, logger: Logger, ops: Ops, telemetry: Telemetry | undefined) => Promise<Role>,
): Promise<void> {
  await runWith(loadConfig, name, start)
}

/** The same for a process that only proves: it needs less configuration. */
export async function runProverRole(
  name: ProcessRole,
  start: (config: ProverConfig, logger: Logger, ops: Ops, telemetry: Telemetry | undefined) => Promise<Role>,
): Promise<void> {
  await runWith(loadProverConfig, name, start)
}

async function runWith<C extends Config | ProverConfig>(
  load: () => C,
  name: ProcessRole,
  start: (config: C, logger: Logger, ops: Ops, telemetry: Telemetry | undefined) => Promise<Role>,
): Promise<void> {
  let logger = createLogger(name)
  try {
    const config = load()
    logger = createLogger(name, config.log.level)
    const ops = createOps(name, config)
    let state = 'starting'
    ops.checks.add('process', () => (state === 'running' ? { ok: true } : { ok: false, error: `node is ${state}` }))
    const opsPort = await ops.listen()
    const core = await createCoreMetrics()
    ops.addMetricsText(() => readCore(core, name))
    installTemporalRuntime(logger, core)
    const telemetry = await startTelemetry(name, config)
    const { workers, close } = await start(config, logger, ops, telemetry)
    const stop = () => {
      state = 'stopping'
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
    const running = Promise.all(workers.map((worker) => worker.run()))
    state = 'running'
    logger.info({ pid: process.pid, opsPort }, 'worker ready')
    try {
      await running
    } finally {
      stop()
    }
    await close()
    await telemetry?.close()
    await ops.close()
    process.exit(0)
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : String(error))
    process.exit(1)
  }
}

async function readCore(core: CoreMetrics, name: ProcessRole): Promise<string> {
  const text = await core.read()
  const runsWorkflows = name === 'workflows' || name === 'follower'
  return runsWorkflows ? text + workflowFailures(text) : text
}
