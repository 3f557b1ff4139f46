import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NativeConnection, type NativeConnectionOptions, Runtime, type WorkerOptions } from '@temporalio/worker'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import { activitySpans } from '#telemetry/activitySpans.ts'
import { stageSpans } from '#telemetry/stageSpans.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import { activityLog } from './activityLog.ts'
import type { CoreMetrics } from './coreMetrics.ts'

/** Sends the SDK's own messages to our logger, its metrics to their place. Call once, before the first connection. */
export function installTemporalRuntime(logger: Logger, { telemetry }: Pick<CoreMetrics, 'telemetry'>): void {
  // State changes of workers are no news to an operator.
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const
  const write = (level: keyof typeof levels) => (message: string, meta?: object) =>
    logger[levels[level]](meta ?? {}, message)
  Runtime.install({
    logger: {
      log: (level, message, meta) => write(level)(message, meta),
      trace: write('TRACE'),
      debug: write('DEBUG'),
      info: write('INFO'),
      warn: write('WARN'),
      error: write('ERROR'),
    },
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} }, ...telemetry },
    shutdownSignals: [], // the process decides: see runWorkers
  })
}

/**
 * Connects to the server of the configuration; TLS and API keys come from the TEMPORAL_ variables or temporal.toml.
 * Waits while the server is away.
 */
export async function connectTemporal(
  { temporal }: Pick<Config, 'temporal'>,
  logger: Logger,
): Promise<NativeConnection> {
  const { connectionOptions } = loadClientConnectConfig()
  const options: NativeConnectionOptions = { ...connectionOptions, address: temporal.address }
  for (let attempt = 1; ; attempt++) {
    try {
      return await NativeConnection.connect(options)
    } catch (error) {
      logger.warn(
        { address: temporal.address, attempt, error: String(error) },
        'Temporal does not answer; trying again',
      )
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** attempt)))
    }
  }
}

/** What all our workers share. Short grace: collecting and synchronizing resume elsewhere from the database. */
const DEFAULTS = {
  shutdownGraceTime: '5 seconds',
  shutdownForceTime: '10 seconds',
  stickyQueueScheduleToStartTimeout: '3 seconds',
  maxCachedWorkflows: 500,
  maxHeartbeatThrottleInterval: '2 seconds',
} as const satisfies Partial<WorkerOptions>

/** Activities name their workflow in logs; they and the stages of batches have spans where there are traces. */
export const workerDefaults = (telemetry: Telemetry | undefined): Partial<WorkerOptions> => ({
  ...DEFAULTS,
  interceptors: { activity: [activityLog, ...(telemetry === undefined ? [] : [activitySpans(telemetry)])] },
  sinks: stageSpans(telemetry),
})
