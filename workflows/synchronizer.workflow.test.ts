import { afterEach, expect, test } from 'vitest'
import { StateRootMismatchError } from '#synchronizer/errors.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { eventually, runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import * as messages from './messages.ts'
import type { synchronizerWorkflow } from './synchronizer.ts'

let run: WorkflowRun
afterEach(() => run.stop())
const start = (runsPerHistory: number) =>
  run.client.workflow.start<typeof synchronizerWorkflow>('synchronizerWorkflow', {
    workflowId: messages.SYNCHRONIZER_WORKFLOW_ID,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [runsPerHistory],
  })

test('L1 is read again and again, by one reader, in histories that end', async () => {
  let [reads, readers, most] = [0, 0, 0]
  run = await runWorkflows({
    synchronizer: {
      synchronize: async () => {
        most = Math.max(most, ++readers)
        if (++reads === 2) {
          readers--
          throw new Error('connection refused') // tried again by itself
        }
        await new Promise((resolve) => setImmediate(resolve))
        readers--
        return undefined
      },
    },
  })
  const handle = await start(3)
  const { runId } = await handle.describe()
  await eventually(() => expect(reads).toBeGreaterThan(7))
  expect(most).toBe(1)
  const first = run.client.workflow.getHandle(messages.SYNCHRONIZER_WORKFLOW_ID, runId)
  expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW')
  await handle.terminate()
  await recordHistory('synchronizer-continued-as-new', first)
})

test("a state root that is not L1's stops it", async () => {
  run = await runWorkflows({
    synchronizer: { synchronize: () => Promise.reject(new StateRootMismatchError('Another root.')) },
  })
  const handle = await start(3)
  await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'StateRootMismatchError' } } })
})
