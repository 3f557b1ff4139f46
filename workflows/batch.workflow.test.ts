import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashOf } from '#test/blocks.ts'
import { attributeHistory, eventually, runWorkflows, signalsSent, type WorkflowRun } from '#test/workflowRun.ts'
import type { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'

type Batch = WorkflowHandleWithFirstExecutionRunId<typeof batchWorkflow>
let run: WorkflowRun
beforeAll(async () => {
  run = await runWorkflows({
    batch: { readBatch: async () => ({ closed: true }), acceptBatchProof: async () => {} },
    sequencer: { collectBatch: async () => ({ txCount: 3, blockCount: 2, closingReason: 'timeout' }) },
    synchronizer: { checkBatch: async () => ({ stateRoot: hashOf(7) }) },
    prover: { proveBatch: async ({ batchNumber, round }) => ({ proofId: `batch-${batchNumber}-r${round}` }) },
  })
})
afterAll(() => run?.stop())

const start = (input: Partial<messages.BatchInput> & { batchNumber: number }): Promise<Batch> =>
  run.client.workflow.start<typeof batchWorkflow>('batchWorkflow', {
    workflowId: messages.batchWorkflowId(input.batchNumber),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ forkId: 9, ...input }],
  })

const reaches = (handle: Batch, status: messages.BatchStatus) =>
  eventually(async () => {
    const view = await handle.query(messages.batchState)
    expect(view.status).toBe(status)
    return view
  })
const sequenced = (block: number): messages.L1Reference => ({ l1BlockNumber: block, l1TxHash: hashOf(block) })

test('a batch walks from collecting to verified, visible from outside', async () => {
  const handle = await start({ batchNumber: 1 })
  await reaches(handle, 'sequencing')
  await handle.signal(messages.l1Virtualized, sequenced(10))
  await reaches(handle, 'proven')
  await handle.signal(messages.verificationStarted, { fromBatch: 1, toBatch: 1 })
  await reaches(handle, 'verifying')
  await handle.signal(messages.l1Verified, sequenced(12))
  expect(await handle.result()).toEqual({
    ...{ batchNumber: 1, status: 'verified', txCount: 3, blockCount: 2, closingReason: 'timeout' },
    ...{ stateRoot: hashOf(7), virtual: sequenced(10), proofId: 'batch-1-r1', proofRounds: 1, verified: sequenced(12) },
  })
  expect(await attributeHistory(handle, 'status')).toEqual(
    messages.BATCH_STATUSES.filter((status) => status !== 'proof-failed'),
  )
  const { typedSearchAttributes } = await handle.describe()
  expect(typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.txCount)).toBe(3)
  expect(typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.l1TxHash)).toBe(hashOf(10))
  expect(typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention)).toBeUndefined()
  expect(await signalsSent(handle)).toEqual([
    'sequencer batchSealed',
    'sequence-sender batchSealed',
    'aggregator proofReady',
  ])
})
