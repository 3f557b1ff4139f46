import type { Method } from '../method.ts'

/** The same method under its dev_ name and the names that tools know; all are switched on with dev. */
export const withNames = (method: Method, ...names: readonly string[]): Method[] =>
  [method.name, ...names].map((name) => ({ ...method, name, namespace: 'dev' }))
