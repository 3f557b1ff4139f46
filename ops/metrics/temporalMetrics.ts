import type { Registry } from 'prom-client'
import { RUNBOOK } from '#workflows/runbooks.ts'
import type { TemporalView } from '../temporalView.ts'
import { createSource } from './source.ts'

/** Workflows that wait for somebody, by reason; nothing is told while Temporal does not answer. */
export function addHaltedMetrics(registry: Registry, temporal: TemporalView): void {
  createSource(registry, temporal.listHalted, 0).labelled(
    'node_halted',
    'Workflows that wait for somebody, by reason.',
    ['reason'],
    (halted) =>
      Object.keys(RUNBOOK).map((known) => ({
        labels: { reason: known },
        value: halted.filter(({ reason }) => reason === known).length,
      })),
  )
}
