import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { WORKFLOW_TYPES } from '#workflows/messages.ts'
import { workflowFailures } from './coreMetrics.ts'

test('failed workflows are counted by type, those that never failed with 0', () => {
  const text = [
    'temporal_workflow_failed_total{namespace="zknode",task_queue="zk-batch",workflow_type="proofWorkflow"} 2',
    'temporal_workflow_failed_total{namespace="zknode",task_queue="other",workflow_type="proofWorkflow"} 1',
    'temporal_workflow_completed_total{namespace="zknode",workflow_type="batchWorkflow"} 7',
  ].join('\n')
  const lines = workflowFailures(text).split('\n')
  expect(lines).toContain('temporal_workflow_failures_total{type="proofWorkflow"} 3')
  expect(lines).toContain('temporal_workflow_failures_total{type="batchWorkflow"} 0')
  expect(lines).toContain('# TYPE temporal_workflow_failures_total counter')
})

test('the types are those that a worker runs', () => {
  const index = readFileSync(new URL('../workflows/index.ts', import.meta.url), 'utf8')
  expect([...index.matchAll(/export \{ (\w+) \}/g)].map(([, type]) => type)).toEqual([...WORKFLOW_TYPES])
})
