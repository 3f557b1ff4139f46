import { createLogger } from '#common/logger.ts'
import { loadConfig } from '#config/load.ts'
import { startApiServer } from './server.ts'

/**
 * Process of the JSON-RPC API. Says `api ready` with its ports, serves until SIGTERM or SIGINT, lets running requests
 * end and exits. Exit code 1 with one clear line when it cannot start; the supervisor starts it again.
 */
let logger = createLogger('api')
try {
  const config = loadConfig()
  logger = createLogger('api', config.log.level)
  const { port, opsPort, stop } = await startApiServer(config, logger)
  const { host } = config.rpc
  logger.info({ pid: process.pid, port, opsPort, url: `http://${host}:${port}` }, 'api ready')
  const end = async () => {
    try {
      await stop()
      process.exit(0)
    } catch (err) {
      logger.fatal({ err }, 'cannot stop cleanly')
      process.exit(1)
    }
  }
  process.once('SIGTERM', () => void end())
  process.once('SIGINT', () => void end())
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : String(error))
  process.exit(1)
}
