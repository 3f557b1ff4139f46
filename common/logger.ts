import { type Logger, pino } from 'pino'

export type { Logger }

/** JSON lines on stdout. `role` names the process; child loggers add batchNumber, workflowId, requestId. */
export function createLogger(role: string, level = 'info'): Logger {
  return pino({ name: role, level, base: { role }, timestamp: pino.stdTimeFunctions.isoTime })
}
