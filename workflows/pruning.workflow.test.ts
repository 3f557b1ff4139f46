import { afterEach, expect, test } from 'vitest'
import type { Pruned } from '#activities/pruning.ts'
import { BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import * as messages from './messages.ts'
import type { pruningWorkflow } from './pruning.ts'

let run: WorkflowRun
afterEach(() => run.stop())

const start = (runsPerHistory: number) =>
  run.client.workflow.start<typeof pruningWorkflow>('pruningWorkflow', {
    workflowId: messages.PRUNING_WORKFLOW_ID,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [runsPerHistory],
  })

const pruned = (oldestBlock: number, intervalMs: number): Pruned => ({
  ...{ oldestBatch: BatchNumber(7), oldestBlock: BlockNumber(oldestBlock), removedBatches: 5, intervalMs },
})

test('history is pruned again and again, in histories that end, until all of it is to be kept', async () => {
  let runs = 0
  run = await runWorkflows({
    synchronizer: {
      pruneHistory: async () => {
        if (++runs === 2) throw new Error('connection refused') // tried again by itself
        return runs < 6 ? pruned(runs, 1) : undefined
      },
    },
  })
  const handle = await start(2)
  const { runId } = await handle.describe()
  await handle.result()
  expect(runs).toBe(6)
  const first = run.client.workflow.getHandle(messages.PRUNING_WORKFLOW_ID, runId)
  expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW')
  await recordHistory('pruning-continued-as-new', first)
})
