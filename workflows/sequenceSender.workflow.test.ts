import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { L1SendingActivities, SequencePlan } from '#activities/l1Sending.ts'
import { L1TransactionCancelledError, L1TransactionWithdrawnError, SequenceRevertedError } from '#etherman/reverts.ts'
import { hashOf } from '#test/blocks.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { attributeHistory, eventually, runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import * as messages from './messages.ts'
import type { sequenceSenderWorkflow } from './sequenceSender.ts'

const MAX_BATCHES = 3

/** A State DB that knows how many batches are checked, and an L1 that counts what it takes. */
function createFakeL1() {
  const state = { checked: 0, waitMs: 0, inFlight: 0, most: 0, refusals: 0, plans: 0 }
  const sent: string[] = []
  let sequenced = 0
  const activities: Pick<L1SendingActivities, 'planSequence' | 'sendSequence'> = {
    planSequence: async (): Promise<SequencePlan | null> => {
      state.plans++
      const toBatch = Math.min(state.checked, sequenced + MAX_BATCHES)
      if (toBatch <= sequenced) return null
      return { fromBatch: sequenced + 1, toBatch, full: toBatch - sequenced === MAX_BATCHES, waitMs: state.waitMs }
    },
    sendSequence: async ({ fromBatch, toBatch }) => {
      state.most = Math.max(state.most, ++state.inFlight)
      await new Promise((resolve) => setImmediate(resolve))
      state.inFlight--
      if (state.refusals > 0) {
        state.refusals--
        throw new SequenceRevertedError('L1 refused the sequence.', { facts: { revert: 'BatchNotAllowed' } })
      }
      sequenced = toBatch
      sent.push(`${fromBatch}-${toBatch}`)
      return { l1BlockNumber: toBatch, l1TxHash: hashOf(toBatch) }
    },
  }
  return { state, sent, activities }
}

let fake: ReturnType<typeof createFakeL1>
let run: WorkflowRun
let handle: WorkflowHandle<typeof sequenceSenderWorkflow>
beforeAll(async () => {
  run = await runWorkflows({
    l1: {
      planSequence: () => fake.activities.planSequence(),
      sendSequence: (range) => fake.activities.sendSequence(range),
    },
  })
})
afterAll(() => run?.stop())
beforeEach(() => {
  fake = createFakeL1()
})
afterEach(() => handle.terminate())

const HOURS = { reconcileMs: 3_600_000, retryFailedMs: 3_600_000 }
async function start(intervals: Partial<typeof HOURS> = {}, attention?: messages.Attention): Promise<void> {
  handle = await run.client.workflow.start<typeof sequenceSenderWorkflow>('sequenceSenderWorkflow', {
    workflowId: messages.SEQUENCE_SENDER_WORKFLOW_ID,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ ...HOURS, ...intervals }],
    ...(attention && { typedSearchAttributes: [{ key: messages.SEARCH_ATTRIBUTE.attention, value: attention }] }),
  })
}
const wake = (batchNumber: number) => handle.signal(messages.batchSealed, { batchNumber })
const attention = async () =>
  (await handle.describe()).typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention) ?? null

test('full sequences are sent at once, one at a time; the rest when it had its time to grow', async () => {
  fake.state.checked = 7
  fake.state.waitMs = 300
  const startedAt = Date.now()
  await start()
  await eventually(() => expect(fake.sent).toEqual(['1-3', '4-6', '7-7']))
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(300)
  expect(fake.state.most).toBe(1)
  fake.state.checked = 8
  await wake(8)
  await eventually(() => expect(fake.sent.at(-1)).toBe('8-8'))
  await recordHistory('sequence-sender-2', handle)
})

test('a sequence that becomes full while it waits is sent then', async () => {
  fake.state.waitMs = 3_600_000
  fake.state.checked = 2
  await start()
  await eventually(() => expect(fake.state.plans).toBe(1))
  fake.state.checked = 3
  await wake(3)
  await eventually(() => expect(fake.sent).toEqual(['1-3']))
})

test('an operator need not wait', async () => {
  fake.state.waitMs = 3_600_000
  fake.state.checked = 2
  await start()
  await eventually(() => expect(fake.state.plans).toBe(1))
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-2']))
})

test('what is gone when its time is over is not sent', async () => {
  fake.state.waitMs = 200
  fake.state.checked = 2
  await start()
  await eventually(() => expect(fake.state.plans).toBe(1))
  fake.state.checked = 0
  await eventually(() => expect(fake.state.plans).toBe(2))
  fake.state.checked = 3
  await wake(3)
  await eventually(() => expect(fake.sent).toEqual(['1-3']))
})

test('a refused sequence raises attention until it is taken, by itself or by an operator', async () => {
  fake.state.checked = 2
  fake.state.refusals = 2
  await start({ retryFailedMs: 100 })
  await eventually(() => expect(fake.sent).toEqual(['1-2']))
  await eventually(async () => expect(await attributeHistory(handle, 'attention')).toEqual(['sequence-failed', null]))
  await recordHistory('sequence-sender-refused-2', handle)
  await handle.terminate()

  fake = createFakeL1()
  fake.state.checked = 2
  fake.state.refusals = 1
  fake.state.waitMs = 200
  await start()
  await eventually(async () => expect(await attention()).toBe('sequence-failed'))
  expect(fake.sent).toEqual([])
  await handle.signal(messages.retryNow, 'allowance raised')
  await eventually(() => expect(fake.sent).toEqual(['1-2']))
  await eventually(async () => expect(await attention()).toBeNull())
})

test('after an operator cancelled its transaction it goes on only when told to', async () => {
  fake.state.checked = 2
  const { sendSequence } = fake.activities
  fake.activities.sendSequence = async () => {
    throw new L1TransactionCancelledError('The transaction was cancelled.')
  }
  await start({ retryFailedMs: 50 })
  await eventually(async () => expect(await attention()).toBe('l1-cancelled'))
  fake.activities.sendSequence = sendSequence
  await wake(2)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(fake.sent).toEqual([])
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-2']))
  await eventually(async () => expect(await attention()).toBeNull())
  await recordHistory('sequence-sender-cancelled', handle)
})

test('what L1 replaced is planned anew at once, without a word to an operator', async () => {
  fake.state.checked = 3
  const { sendSequence } = fake.activities
  fake.activities.sendSequence = async () => {
    fake.state.checked = 2
    fake.activities.sendSequence = sendSequence
    throw new L1TransactionWithdrawnError('The batch is not checked.')
  }
  await start()
  await eventually(() => expect(fake.sent).toEqual(['1-2']))
  expect(await attributeHistory(handle, 'attention')).toEqual([])
  await recordHistory('sequence-sender-withdrawn', handle)
})

test('attention goes when nothing is left to send, also after a new run', async () => {
  await start({}, 'sequence-failed')
  await eventually(async () => expect(await attention()).toBeNull())
})

test('a lost signal only delays', async () => {
  await start({ reconcileMs: 100 })
  await eventually(() => expect(fake.state.plans).toBe(1))
  fake.state.checked = 3
  await eventually(() => expect(fake.sent).toEqual(['1-3']))
})
