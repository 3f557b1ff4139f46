import { readFileSync } from 'node:fs'
import { Connection } from '@temporalio/client'
import { parse } from 'yaml'
import { z } from 'zod'
import { NodeError } from '#common/errors.ts'

export class TemporalServerError extends NodeError {
  override readonly name = 'TemporalServerError'
}

/** As the Temporal CLI spells them, with their numbers on the wire. */
export const ATTRIBUTE_TYPES = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const
const attributeType = z.enum(Object.keys(ATTRIBUTE_TYPES) as (keyof typeof ATTRIBUTE_TYPES)[])
const scalar = z.union([z.string(), z.number(), z.boolean()])

const settingsSchema = z.strictObject({
  server: z.strictObject({ port: z.number(), uiPort: z.number(), logLevel: z.string() }),
  namespace: z.string(),
  searchAttributes: z.record(z.string(), attributeType),
  sqlitePragmas: z.record(z.string(), scalar),
  dynamicConfig: z.record(z.string(), scalar),
  environment: z.record(z.string(), z.string()),
})
export type TemporalSettings = z.output<typeof settingsSchema>

/** Reads temporal-dev.yaml of the project. */
export function readTemporalSettings(): TemporalSettings {
  return settingsSchema.parse(parse(readFileSync(new URL('../temporal-dev.yaml', import.meta.url), 'utf8')))
}

/** Without `uiPort` there is no UI; without `dbFile` the state is in memory. */
export type TemporalPlace = { port: number; uiPort?: number; dbFile?: string }

/** Arguments of the Temporal CLI that start the development server. */
export function temporalArguments(settings: TemporalSettings, { port, uiPort, dbFile }: TemporalPlace): string[] {
  const pairs = (flag: string, values: object, print: (value: unknown) => string = String) =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${print(value)}`])
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', settings.server.logLevel],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile, ...pairs('--sqlite-pragma', settings.sqlitePragmas)]),
    ...['--namespace', settings.namespace],
    ...pairs('--search-attribute', settings.searchAttributes),
    ...pairs('--dynamic-config-value', settings.dynamicConfig, JSON.stringify),
  ]
}

/** Waits until the server answers for the namespace. @throws {TemporalServerError} */
export async function waitForTemporal(
  address: string,
  namespace: string,
  { timeoutMs = 30_000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let connection: Connection | undefined
    try {
      connection = await Connection.connect({ address, connectTimeout: 1000 })
      await connection.workflowService.describeNamespace({ namespace })
      return
    } catch (cause) {
      signal?.throwIfAborted()
      if (Date.now() > deadline)
        throw new TemporalServerError('Temporal does not answer.', { cause, facts: { address, namespace, timeoutMs } })
      await new Promise((resolve) => setTimeout(resolve, 100))
    } finally {
      await connection?.close()
    }
  }
}

/** Creates the namespace and its search attributes where they are missing. Safe to repeat. */
export async function ensureNamespace(
  connection: Connection,
  namespace: string,
  searchAttributes: TemporalSettings['searchAttributes'],
): Promise<void> {
  // gRPC ALREADY_EXISTS; PERMISSION_DENIED and UNIMPLEMENTED where only administrators do this, as in Temporal Cloud
  const isDone = (error: unknown) => [6, 7, 12].includes((error as { code?: number }).code ?? -1)
  await connection.workflowService
    .registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: (7 * 86_400) as unknown as Long } })
    .catch((error: unknown) => {
      if (!isDone(error)) throw error
    })
  const types = Object.fromEntries(
    Object.entries(searchAttributes).map(([name, type]) => [name, ATTRIBUTE_TYPES[type]]),
  )
  const deadline = Date.now() + 15_000
  for (;;) {
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
      for (const name of Object.keys(customAttributes ?? {})) delete types[name]
      if (Object.keys(types).length === 0) return
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: types })
      return
    } catch (error) {
      if (isDone(error)) return
      if (Date.now() > deadline) throw error // a new namespace is known everywhere only after a moment
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
type Long = import('long').default
