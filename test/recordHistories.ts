import { writeFileSync } from 'node:fs'
import type { WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { TEST_IDENTITY } from './workflowRun.ts'

/** Where replay tests look. */
export const HISTORIES = new URL('./histories/', import.meta.url)

/**
 * Keeps the history of a test's workflow for the replay tests, when asked to:
 * `ZKNODE_RECORD_HISTORIES=1 npx vitest run --project workflow workflows`. Histories of earlier code stay valid as long
 * as such a workflow may still run somewhere; a new path, or one behind `patched()`, is recorded under a new name.
 */
export async function recordHistory(name: string, handle: WorkflowHandle): Promise<void> {
  if (process.env['ZKNODE_RECORD_HISTORIES'] !== '1') return
  const { events } = JSON.parse(historyToJSON(await handle.fetchHistory()))
  const lines = events.map((event: unknown) => JSON.stringify(withoutMachine(event)))
  writeFileSync(new URL(`${name}.json`, HISTORIES), `{"events":[\n${lines.join(',\n')}\n]}\n`)
}

/** What tells of the machine that recorded: who worked, and where its files lay. */
export function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine)
  if (typeof value === 'string') return value.replaceAll(/(?:file:\/\/)?\/[^\s():]*\/(?=[^\s():/]+\.[cm]?[jt]s\b)/g, '')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, key === 'identity' ? TEST_IDENTITY : withoutMachine(field)]),
  )
}
