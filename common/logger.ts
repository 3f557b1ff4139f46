import { AsyncLocalStorage } from 'node:async_hooks'
import { type Logger, pino } from 'pino'

export type { Logger }

const surroundings = new AsyncLocalStorage<object>()

/** Every line that is logged while `work` runs, by whomever, has these fields too. */
export const withLogFields = <T>(fields: object, work: () => T): T => surroundings.run(fields, work)

/** JSON lines on stdout. `role` names the process; lines of an activity have its workflow, those of a request its id. */
export function createLogger(role: string, level = 'info'): Logger {
  return pino({
    ...{ name: role, level, base: { role }, timestamp: pino.stdTimeFunctions.isoTime },
    mixin: () => surroundings.getStore() ?? {},
  })
}
