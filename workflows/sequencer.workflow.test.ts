import { Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BatchActivities } from '#activities/batches.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import { hashOf } from '#test/blocks.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { eventually, runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import type { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'
import type { sequencerWorkflow } from './sequencer.ts'

/** A sequencer that closes batches when the test says so. */
function createFakeSequencer() {
  const close = new Map<number, () => void>()
  const closed = new Set<number>()
  let prepared = 0
  let mostOpen = 0
  const sequencing: SequencingActivities = {
    prepareSequencer: async () => {
      prepared++
      return { nextBatch: 5, forkId: 9 }
    },
    collectBatch: async ({ batchNumber }) => {
      const closing = new Promise<void>((resolve) => close.set(batchNumber, resolve))
      mostOpen = Math.max(mostOpen, close.size)
      await Promise.race([closing, Context.current().cancelled]) // the worker's end cancels
      close.delete(batchNumber)
      closed.add(batchNumber)
      await run.client.workflow
        .getHandle(messages.SEQUENCER_WORKFLOW_ID)
        .signal(messages.batchSealed, { batchNumber })
        .catch(() => {}) // terminated by the test
      return { txCount: 1, blockCount: 1, closingReason: 'timeout' }
    },
  }
  const readBatch: BatchActivities['readBatch'] = async ({ batchNumber }) => ({ closed: closed.has(batchNumber) })
  return {
    ...{ sequencing, readBatch, closed },
    /** Batches that collect. */
    open: () => [...close.keys()].sort((a, b) => a - b),
    closeBatch: (batchNumber: number) => close.get(batchNumber)?.(),
    closeAll: () => {
      for (const resolve of close.values()) resolve()
    },
    timesPrepared: () => prepared,
    mostOpen: () => mostOpen,
  }
}

let fake: ReturnType<typeof createFakeSequencer>
let run: WorkflowRun
beforeEach(async () => {
  fake = createFakeSequencer()
  run = await runWorkflows({
    batch: { readBatch: (input) => fake.readBatch(input) },
    sequencer: fake.sequencing,
    synchronizer: { checkBatch: async () => ({ stateRoot: hashOf(7) }) },
  })
})
afterEach(async () => {
  fake.closeAll()
  await run.stop()
})

type Sequencer = WorkflowHandle<typeof sequencerWorkflow>
const start = (...args: Parameters<typeof sequencerWorkflow>): Promise<Sequencer> =>
  run.client.workflow.start<typeof sequencerWorkflow>('sequencerWorkflow', {
    ...{ workflowId: messages.SEQUENCER_WORKFLOW_ID, taskQueue: messages.TASK_QUEUE.batch, args },
  })
/** Batches that close at once are no load in these tests, but in one. */
const LIMITS = { batchesPerRun: 100, reconcileMs: 60_000, loadWindowMs: 0 }

/** The batches whose workflows the runs of the sequencer started. */
async function startedBatches(): Promise<number[]> {
  const started: number[] = []
  for await (const { workflowId } of run.client.workflow.list())
    if (workflowId.startsWith('batch-')) started.push(Number(workflowId.slice('batch-'.length)))
  return started.sort((a, b) => a - b)
}

test('at rest two batches are open, never three, and the next starts when one is sealed', async () => {
  const handle = await start(undefined, LIMITS)
  for (let batchNumber = 5; batchNumber < 10; batchNumber++) {
    await eventually(() => expect(fake.open()).toEqual([batchNumber, batchNumber + 1]))
    fake.closeBatch(batchNumber)
  }
  await eventually(() => expect(fake.open()).toEqual([10, 11]))
  fake.closeBatch(11) // out of turn
  await eventually(() => expect(fake.open()).toEqual([10, 12]))
  expect(fake.timesPrepared()).toBe(1)
  expect(fake.mostOpen()).toBe(2)
  const batch = run.client.workflow.getHandle<typeof batchWorkflow>('batch-5')
  const { typedSearchAttributes, parentExecution } = await batch.describe()
  expect(typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.batchNumber)).toBe(5)
  expect(typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.forkId)).toBe(9)
  expect(parentExecution?.workflowId).toBe('sequencer')
  await handle.terminate() // its batches live on
  fake.closeBatch(10)
  await eventually(async () => {
    expect(await run.client.workflow.getHandle('batch-10').query(messages.batchState)).toMatchObject({ txCount: 1 })
  })
})

test('a new run takes over with what is open, and does not prepare again', async () => {
  const handle = await start(undefined, { ...LIMITS, batchesPerRun: 3 })
  const { runId } = await handle.describe()
  for (let batchNumber = 5; batchNumber < 9; batchNumber++) {
    await eventually(() => expect(fake.open()).toEqual([batchNumber, batchNumber + 1]))
    fake.closeBatch(batchNumber)
  }
  await eventually(() => expect(fake.open()).toEqual([9, 10]))
  expect(fake.timesPrepared()).toBe(1)
  expect(fake.mostOpen()).toBe(2)
  expect((await handle.describe()).runId).not.toBe(runId)
  expect(await startedBatches()).toEqual([5, 6, 7, 8, 9, 10])
  const first = run.client.workflow.getHandle(messages.SEQUENCER_WORKFLOW_ID, runId)
  await eventually(async () => expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW'))
  const { events } = await first.fetchHistory()
  const handedOver = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.input?.payloads?.[0]?.data
  expect(JSON.parse(new TextDecoder().decode(handedOver ?? undefined))).toMatchObject({ next: 8, forkId: 9, open: [7] })
  await recordHistory('sequencer-continued-as-new-2', first)
})

test('under load up to six batches are open; a new run knows of the load', async () => {
  const handle = await start(undefined, { ...LIMITS, batchesPerRun: 8, loadWindowMs: 3_600_000 })
  for (let batchNumber = 5; batchNumber < 15; batchNumber++) {
    await eventually(() => expect(fake.open()[0]).toBe(batchNumber))
    fake.closeBatch(batchNumber)
  }
  await eventually(() => expect(fake.open()).toEqual([15, 16, 17, 18, 19, 20]))
  expect(fake.mostOpen()).toBe(6)
  await recordHistory('sequencer-under-load', handle)
})

test('after the load the batches that wait come first, until two are open again', async () => {
  const handle = await start({ next: 11, forkId: 9, open: [6, 7, 8, 9, 10] }, LIMITS)
  await eventually(() => expect(fake.open()).toEqual([11]))
  for (const batchNumber of [6, 7, 8, 9]) await handle.signal(messages.batchSealed, { batchNumber })
  expect(await startedBatches()).toEqual([11])
  await handle.signal(messages.batchSealed, { batchNumber: 10 })
  await eventually(() => expect(fake.open()).toEqual([11, 12]))
})

test('a batch that has a workflow already is not started twice', async () => {
  const input = { batchNumber: 5, forkId: 9 }
  const existing = await run.client.workflow.start<typeof batchWorkflow>('batchWorkflow', {
    ...{ workflowId: 'batch-5', taskQueue: messages.TASK_QUEUE.batch, args: [input] },
  })
  await eventually(() => expect(fake.open()).toEqual([5]))
  const handle = await start(undefined, LIMITS)
  await eventually(() => expect(fake.open()).toEqual([5, 6]))
  fake.closeBatch(5)
  await eventually(() => expect(fake.open()).toEqual([6, 7]))
  expect((await existing.describe()).runId).toBe(existing.firstExecutionRunId)
  await recordHistory('sequencer-batch-exists-2', handle)
})

test('a seal that nobody told is found in the State DB', async () => {
  await start({ next: 5, forkId: 9, open: [4] }, { ...LIMITS, reconcileMs: 50 })
  await eventually(() => expect(fake.open()).toEqual([5]))
  fake.closed.add(4) // its workflow is gone
  await eventually(() => expect(fake.open()).toEqual([5, 6]))
  expect(fake.timesPrepared()).toBe(0)
})
