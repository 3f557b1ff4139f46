import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { PreparedBatchJob } from '#activities/proofJobs.ts'
import type { Database } from '#db/client.ts'
import { ProofNotFoundError } from '#db/proofs.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { eventually, runWorkflows, untilCancelled, type WorkflowRun } from '#test/workflowRun.ts'
import type { aggregatorWorkflow } from '#workflows/aggregator.ts'
import type { batchWorkflow } from '#workflows/batch.ts'
import * as messages from '#workflows/messages.ts'
import { listProofs } from '../proofsCommand.ts'
import { cancelProof, moveProof, retryAllFailed, retryProof } from './operations.ts'
import { ProofCommandError } from './temporal.ts'

/** What the prover does, by batch; it proves at once unless it is told otherwise. */
const prover = new Map<number, 'refuses' | 'hangs'>()

/** Rounds of the final proof, which is never made. */
const finalRounds: number[] = []

let run: WorkflowRun
let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  run = await runWorkflows({
    batch: {
      readBatch: async () => ({ closed: true }),
      prepareBatchProof: async ({ batchNumber, round }) => ({
        ...{ proofId: `batch-${batchNumber}-r${round}`, fromBatch: batchNumber, toBatch: batchNumber },
        ...{ inputsKey: 'inputs', witnessKey: 'witness' },
      }),
      acceptBatchProof: async () => {},
      planAggregation: async () => {
        const run = { fromBatch: 1, toBatch: 4, full: true, waitMs: 0 }
        const whole = { fromBatch: 1, toBatch: 4, proofId: 'joined-1-4', forkId: 9 }
        return { verified: 0, joins: [], run, target: null, whole, ended: [], useless: [] }
      },
      prepareFinalProof: async ({ round }) => {
        finalRounds.push(round)
        throw new ProofNotFoundError('It is gone.')
      },
    },
    prover: {
      proveBatch: async ({ fromBatch, proofId }: PreparedBatchJob) => {
        if (prover.get(fromBatch) === 'refuses') throw new ProofRefusedError('It is wrong.', { facts: { fromBatch } })
        if (prover.get(fromBatch) === 'hangs') await untilCancelled()
        return { partId: proofId }
      },
    },
  })
})
afterAll(async () => {
  await run?.stop()
  await close?.()
})
beforeEach(() => prover.clear())

const range = (batch: number) => ({ fromBatch: batch, toBatch: batch })

async function startBatch(batchNumber: number) {
  const handle = await run.client.workflow.start<typeof batchWorkflow>('batchWorkflow', {
    workflowId: messages.batchWorkflowId(batchNumber),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ batchNumber, forkId: 9, form: 3, startAt: 'virtual' }],
  })
  await handle.signal(messages.l1Virtualized, { l1BlockNumber: 5, l1TxHash: hashOf(5) })
  return handle
}
async function reaches(batchNumber: number, status: messages.BatchStatus) {
  const handle = run.client.workflow.getHandle(messages.batchWorkflowId(batchNumber))
  return await eventually(async () => {
    const view = await handle.query(messages.batchState)
    expect(view.status).toBe(status)
    return view
  })
}

test('a parked proof is listed with what to do, and made again', async () => {
  prover.set(1, 'refuses')
  await startBatch(1)
  await reaches(1, 'proof-failed')
  const list = () => listProofs(run.client, db, { failed: true, limit: 10 }, new Date())
  await eventually(async () =>
    expect(await list()).toEqual([
      expect.objectContaining({
        ...{ job: 'batch-1', state: 'failed', parked: true, lastError: expect.stringContaining('It is wrong.') },
        remedy: 'zknode proofs retry 1; docs/runbooks/proof-failed.md',
      }),
    ]),
  )
  const covers = (batch: number) =>
    listProofs(run.client, db, { batch: BatchNumber(batch), limit: 1 }, new Date()).then((found) => found.length)
  expect([await covers(1), await covers(2)]).toEqual([1, 0])
  prover.clear()
  expect(await retryProof(run.client, range(1), { note: 'mended' })).toBe('Round 2 of the proof of batch 1 started.')
  expect(await reaches(1, 'proven')).toMatchObject({ proofRounds: 2, proofId: 'batch-1-r2', operatorNote: 'mended' })
  await eventually(async () => expect(await list()).toEqual([]))
})

test('all that is parked is retried; nothing that is not', async () => {
  for (const batch of [11, 12]) prover.set(batch, 'refuses')
  for (const batch of [11, 12, 13]) await startBatch(batch)
  for (const batch of [11, 12]) await reaches(batch, 'proof-failed')
  await reaches(13, 'proven')
  prover.clear()
  const all = new Set<string>()
  await eventually(async () => {
    for (const { workflowId, isRetried } of await retryAllFailed(run.client, {})) if (isRetried) all.add(workflowId)
    expect([...all].sort()).toEqual(['batch-11', 'batch-12'])
  })
  for (const batch of [11, 12]) expect((await reaches(batch, 'proven')).proofRounds).toBe(2)
  expect((await reaches(13, 'proven')).proofRounds).toBe(1)
})

test('a verification that failed is listed, and tried again with all that failed', async () => {
  const workflowId = messages.AGGREGATOR_WORKFLOW_ID
  const handle = await run.client.workflow.start<typeof aggregatorWorkflow>('aggregatorWorkflow', {
    ...{ workflowId, taskQueue: messages.TASK_QUEUE.batch },
    args: [
      { round: 0, running: [] },
      { reconcileMs: 3_600_000, retryFailedMs: 3_600_000, maxFailures: 3 },
    ],
  })
  const parked = {
    ...{ job: 'aggregator', kind: 'verification', fromBatch: 1, state: 'failed', parked: true },
    remedy: 'zknode proofs retry --failed; docs/runbooks/verification-reverted.md',
  }
  await eventually(async () =>
    expect(await listProofs(run.client, db, { failed: true, limit: 10 }, new Date())).toEqual([
      expect.objectContaining({ ...parked, lastError: expect.stringContaining('It is gone.') }),
    ]),
  )
  expect(finalRounds).toEqual([0])
  expect(await retryAllFailed(run.client, {})).toEqual([
    { workflowId, isRetried: true, answer: 'The verification is tried again now.' },
  ])
  await eventually(() => expect(finalRounds).toEqual([0, 1]))
  await handle.terminate()
})

test('a proof is cancelled, stays so, and is moved to other provers', async () => {
  prover.set(21, 'hangs')
  await startBatch(21)
  await reaches(21, 'proving')
  expect(await cancelProof(run.client, range(21), { note: 'too slow' })).toBe('The proof of batch 21 is cancelled.')
  expect(await reaches(21, 'proof-failed')).toMatchObject({ operatorNote: 'too slow' })
  expect(await moveProof(run.client, range(21), { proverKind: 'remote', priority: 1 })).toBe(
    'The proof of batch 21 goes to remote provers with priority 1.',
  )
  prover.clear()
  await retryProof(run.client, range(21), { proverKind: 'any' })
  await reaches(21, 'proven')
})

test('what cannot be done is told in a line', async () => {
  await startBatch(31)
  await reaches(31, 'proven')
  const refused = retryProof(run.client, range(31), {})
  await expect(refused).rejects.toThrow(ProofCommandError)
  await expect(refused).rejects.toThrow('The proof of batch 31 is not proof-failed. workflow=batch-31')
  await expect(moveProof(run.client, range(31), { priority: 9 })).rejects.toThrow('priority has to be 1 to 5')
  await expect(cancelProof(run.client, { fromBatch: 3, toBatch: 9 }, {})).rejects.toThrow(
    'There is no such workflow at work: not begun, or ended already. workflow=proof-3-9',
  )
})
