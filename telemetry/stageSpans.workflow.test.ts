import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchCheckError } from '#activities/checking.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { hashOf } from '#test/blocks.ts'
import { eventually, runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import type { batchWorkflow } from '#workflows/batch.ts'
import * as messages from '#workflows/messages.ts'
import type { SpanFacts, Telemetry } from './telemetry.ts'

const spans: SpanFacts[] = []
const telemetry: Telemetry = {
  batch: (batchNumber) => ({ traceId: `batch ${batchNumber}`, spanId: 'root' }),
  transaction: (hash) => ({ traceId: hash, spanId: 'root' }),
  isSampled: () => true,
  tell: (_trace, span) => void spans.push(span),
  tellIn: () => undefined,
  close: async () => {},
}

let isWitnessWrong = true
let run: WorkflowRun
beforeAll(async () => {
  const fakes = {
    batch: {
      readBatch: async () => ({ closed: true }),
      acceptBatchProof: async () => {},
      prepareBatchProof: async ({ batchNumber }: { batchNumber: number }) => ({
        ...{ proofId: 'proof', fromBatch: batchNumber, toBatch: batchNumber, inputsKey: '', witnessKey: '' },
      }),
    },
    sequencer: { collectBatch: async () => ({ txCount: 3, blockCount: 2, closingReason: 'timeout' as const }) },
    synchronizer: {
      checkBatch: async ({ batchNumber }: { batchNumber: number }) => {
        if (isWitnessWrong) throw new BatchCheckError('Another root.', { facts: { batchNumber } })
        return { stateRoot: hashOf(7) }
      },
    },
    prover: { proveBatch: async () => ({ partId: 'proof' }) },
  }
  run = await runWorkflows(fakes, telemetry)
})
afterAll(() => run?.stop())

test('each stage of a batch is told once, though another worker goes on, and ends where the next begins', async () => {
  const handle = await run.client.workflow.start<typeof batchWorkflow>('batchWorkflow', {
    ...{ workflowId: messages.batchWorkflowId(1 as BatchNumber), taskQueue: messages.TASK_QUEUE.batch },
    args: [{ batchNumber: 1, forkId: 9, form: 3 }],
    typedSearchAttributes: [{ key: messages.SEARCH_ATTRIBUTE.status, value: 'collecting' }],
  })
  const stages = () => spans.map(({ name }) => name)
  await eventually(() => expect(stages()).toEqual(['collecting', 'sealed']))
  isWitnessWrong = false
  await run.whileAway(async () => {}) // the new one replays
  await handle.executeUpdate(messages.retryCheckNow.name, { args: [{}] })
  await eventually(() => expect(stages()).toEqual(['collecting', 'sealed', 'sealed', 'sealed']))
  await handle.signal(messages.l1Virtualized, { l1BlockNumber: 10, l1TxHash: hashOf(10) })
  await eventually(() => expect(stages().at(-1)).toBe('proving'))
  await handle.signal(messages.l1Verified, { l1BlockNumber: 12, l1TxHash: hashOf(12) })
  await handle.result()
  expect(stages().slice(3)).toEqual(['sealed', 'sequencing', 'proving', 'proven'])
  expect(spans.map(({ error }) => error).filter((error) => error !== undefined)).toEqual(['check-failed'])
  expect(spans[2]).toMatchObject({ name: 'sealed', error: 'check-failed' })
  const { runId } = await handle.describe()
  for (const { attributes } of spans) expect(attributes).toMatchObject({ 'temporal.run_id': runId, 'zknode.batch': 1 })
  for (const [index, { startedAt, endedAt }] of spans.entries()) {
    expect(endedAt).toBeGreaterThanOrEqual(startedAt)
    if (index > 0) expect(startedAt).toBe(spans[index - 1]!.endedAt)
  }
})
