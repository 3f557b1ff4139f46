import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NativeConnection, type NativeConnectionOptions, Runtime, type WorkerOptions } from '@temporalio/worker'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'

/** Sends the SDK's own messages to our logger. Call once, before the first connection. */
export function installTemporalRuntime(logger: Logger): void {
  const write = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[level](meta ?? {}, message)
  Runtime.install({
    logger: {
      log: (level, message, meta) => write(level.toLowerCase() as 'info')(message, meta),
      trace: write('trace'),
      debug: write('debug'),
      info: write('debug'), // state changes of workers are not news to an operator
      warn: write('warn'),
      error: write('error'),
    },
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [], // the process decides: see runWorkers
  })
}

/**
 * Connects to the server of the configuration; TLS and API keys come from the TEMPORAL_ variables or temporal.toml.
 * Waits while the server is away.
 */
export async function connectTemporal({ temporal }: Config, logger: Logger): Promise<NativeConnection> {
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
export const WORKER_DEFAULTS = {
  shutdownGraceTime: '5 seconds',
  shutdownForceTime: '10 seconds',
  stickyQueueScheduleToStartTimeout: '3 seconds',
  maxCachedWorkflows: 500,
  maxHeartbeatThrottleInterval: '2 seconds',
} as const satisfies Partial<WorkerOptions>
