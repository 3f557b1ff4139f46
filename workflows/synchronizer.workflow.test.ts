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

test("a state root that is not L1's parks it, in view, until somebody asks to go on", async () => {
  let mended = false
  let reads = 0
  run = await runWorkflows({
    synchronizer: {
      synchronize: async () => {
        if (!mended) throw new StateRootMismatchError('Another root.')
        reads++
        return undefined
      },
    },
  })
  const handle = await start(1)
  const attention = async () => (await handle.describe()).searchAttributes['ZkAttention']
  await eventually(async () => expect(await attention()).toEqual(['sync-failed']))
  mended = true
  await handle.signal(messages.retryNow)
  await eventually(() => expect(reads).toBeGreaterThan(0))
  await eventually(async () => expect((await attention())?.[0] ?? null).toBeNull())
  await handle.terminate()
})

test('replaced batches stay in view until an operator has looked, whatever else happens', async () => {
  let failing = false
  let reads = 0
  run = await runWorkflows({
    synchronizer: {
      synchronize: async () => {
        if (failing) throw new StateRootMismatchError('Another root.')
        reads++
        await new Promise((resolve) => setTimeout(resolve, 20))
        return undefined
      },
    },
  })
  const handle = await start(2)
  const attention = async () => (await handle.describe()).searchAttributes['ZkAttention']
  const batches = { undoing: 1, fromBatch: 5, toBatch: 9, reason: 'L1 has another batch 5' }
  for (let times = 0; times < 2; times++) await handle.signal(messages.trustedBatchesReplaced, batches)
  await eventually(async () => expect(await attention()).toEqual(['trusted-batch-replaced']))
  const before = reads
  await eventually(() => expect(reads).toBeGreaterThan(before + 3)) // in a new run by now
  expect(await attention()).toEqual(['trusted-batch-replaced'])
  failing = true
  await eventually(async () => expect(await attention()).toEqual(['sync-failed']))
  failing = false
  await handle.signal(messages.retryNow)
  await eventually(async () => expect(await attention()).toEqual(['trusted-batch-replaced']))
  await handle.signal(messages.acknowledgeReplaced)
  await eventually(async () => expect((await attention())?.[0] ?? null).toBeNull())
  await handle.terminate()
})
