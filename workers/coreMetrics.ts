import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { TelemetryOptions } from '@temporalio/worker'
import { WORKFLOW_TYPES } from '#workflows/messages.ts'

const LOOPBACK = '127.0.0.1'
const READ_TIMEOUT_MS = 1000

/** Where Temporal's SDK shows its own metrics. */
export type CoreMetrics = { telemetry: Required<Pick<TelemetryOptions, 'metrics'>>; read: () => Promise<string> }

/**
 * The SDK serves its metrics on a port of its own and nowhere else: one that is free on this machine, which only the
 * operations port reads, so that a scraper needs no second target.
 */
export async function createCoreMetrics(): Promise<CoreMetrics> {
  const bindAddress = `${LOOPBACK}:${await findFreePort()}`
  const naming = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true }
  return {
    telemetry: { metrics: { attachServiceName: false, prometheus: { bindAddress, ...naming } } },
    async read() {
      try {
        const response = await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) })
        return await response.text()
      } catch {
        return '' // the process has more to tell than this
      }
    },
  }
}

const FAILED = /^temporal_workflow_failed_total\{[^}]*workflow_type="(\w+)"[^}]*\} (\d+)/gm

/** Of a process that runs workflows: how many failed since its start, by type. */
export function workflowFailures(coreText: string): string {
  const counts = new Map<string, number>(WORKFLOW_TYPES.map((type) => [type, 0]))
  for (const [, type, count] of coreText.matchAll(FAILED)) counts.set(type!, (counts.get(type!) ?? 0) + Number(count))
  return [
    '# HELP temporal_workflow_failures_total Workflows that failed, by type.',
    '# TYPE temporal_workflow_failures_total counter',
    ...[...counts].map(([type, count]) => `temporal_workflow_failures_total{type="${type}"} ${count}`),
    '',
  ].join('\n')
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
