import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { BatchActivities } from '#activities/batches.ts'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import type { ProvingActivities } from '#activities/proving.ts'
import { ProofNotFoundError } from '#db/proofs.ts'
import { VerificationRevertedError } from '#etherman/reverts.ts'
import { ProofMismatchError } from '#prover/acceptance.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { hashOf } from '#test/blocks.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { eventually, runWorkflows, signalsSent, type WorkflowRun } from '#test/workflowRun.ts'
import type { aggregatorWorkflow } from './aggregator.ts'
import type { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'

type Fakes = Pick<BatchActivities, 'planVerification'> &
  Pick<AcceptanceActivities, 'acceptFinalProof'> &
  Pick<ProvingActivities, 'aggregateProofs' | 'finalizeProof'> &
  Pick<L1SendingActivities, 'sendVerification'>

/** Batches 1 to `proven` have proofs; a proof of the fake says what it is made of. */
function createFakes(proven: number) {
  const state = { proven, full: true, waitMs: 0, plans: 0, verified: 0, proofsPerJob: 2 }
  const jobs: string[] = []
  const sent: string[] = []
  const activities: Fakes = {
    planVerification: async () => {
      state.plans++
      if (state.verified >= state.proven) return null
      const [fromBatch, toBatch] = [state.verified + 1, state.proven]
      const proofs = Array.from({ length: toBatch - fromBatch + 1 }, (_, index) => {
        const batchNumber = fromBatch + index
        return { fromBatch: batchNumber, toBatch: batchNumber, proofId: `${batchNumber}` }
      })
      return { fromBatch, toBatch, proofs, full: state.full, waitMs: state.waitMs, proofsPerJob: state.proofsPerJob }
    },
    aggregateProofs: async ({ fromBatch, toBatch, proofIds, round }) => {
      jobs.push(`join ${fromBatch}-${toBatch} r${round}`)
      return { proofId: `(${proofIds.join(' ')})` }
    },
    finalizeProof: async ({ proofId, round }) => {
      jobs.push(`final r${round}`)
      return { proofId: `final ${proofId}` }
    },
    acceptFinalProof: async () => {},
    sendVerification: async ({ fromBatch, toBatch, proofId }) => {
      sent.push(`${fromBatch}-${toBatch} ${proofId}`)
      state.verified = toBatch
      return { l1BlockNumber: toBatch, l1TxHash: hashOf(toBatch) }
    },
  }
  return { state, jobs, sent, activities }
}

let fake: ReturnType<typeof createFakes>
let run: WorkflowRun
let handle: WorkflowHandle<typeof aggregatorWorkflow>
beforeAll(async () => {
  run = await runWorkflows({
    batch: {
      planVerification: () => fake.activities.planVerification(),
      acceptFinalProof: (range) => fake.activities.acceptFinalProof(range),
      acceptBatchProof: async () => {},
    },
    prover: {
      proveBatch: async ({ batchNumber }) => ({ proofId: `${batchNumber}` }),
      aggregateProofs: (input) => fake.activities.aggregateProofs(input),
      finalizeProof: (input) => fake.activities.finalizeProof(input),
    },
    l1: { sendVerification: (input) => fake.activities.sendVerification(input) },
  })
})
afterAll(() => run?.stop())
beforeEach(() => {
  fake = createFakes(0)
})
afterEach(() => handle.terminate())

const HOURS = { reconcileMs: 3_600_000, retryFailedMs: 3_600_000 }
async function start(intervals: Partial<typeof HOURS> = {}): Promise<void> {
  handle = await run.client.workflow.start<typeof aggregatorWorkflow>('aggregatorWorkflow', {
    workflowId: messages.AGGREGATOR_WORKFLOW_ID,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [0, { ...HOURS, ...intervals }],
  })
}
const attention = async () =>
  (await handle.describe()).typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention) ?? null

test.each([
  [1, 'final 1'],
  [2, 'final (1 2)'],
  [3, 'final ((1 2) 3)'],
  [5, 'final (((1 2) (3 4)) 5)'],
  [6, 'final (((1 2) (3 4)) (5 6))'],
])('the proofs of %i batches become one', async (batches, proof) => {
  fake = createFakes(batches)
  await start()
  await eventually(() => expect(fake.sent).toEqual([`1-${batches} ${proof}`]))
  expect(fake.jobs).toHaveLength(batches)
  await eventually(() => expect(fake.state.plans).toBe(2)) // looks for more
  if (batches === 5) {
    await recordHistory('aggregator-five-batches-3', handle)
    await recordHistory('proof-joined-2', run.client.workflow.getHandle(messages.aggregatedProofWorkflowId(1, 5)))
  }
})

test('where the prover allows it a job joins many proofs', async () => {
  fake = createFakes(9)
  fake.state.proofsPerJob = 4
  await start()
  await eventually(() => expect(fake.sent).toEqual(['1-9 final ((1 2 3 4) (5 6 7 8) 9)']))
  expect(fake.jobs.slice(0, 2).sort()).toEqual(['join 1-4 r0', 'join 5-8 r0']) // both at once
  expect(fake.jobs.slice(2)).toEqual(['join 1-9 r0', 'final r0'])
  await recordHistory('aggregator-many-in-a-job-2', handle)
})

test('a batch is shown as verifying while its verification is sent', async () => {
  const batch = await run.client.workflow.signalWithStart<typeof batchWorkflow, [messages.L1Reference]>(
    'batchWorkflow',
    {
      ...{ workflowId: messages.batchWorkflowId(2), taskQueue: messages.TASK_QUEUE.batch },
      args: [{ batchNumber: 2, forkId: 9, startAt: 'virtual' }],
      ...{ signal: messages.l1Virtualized, signalArgs: [{ l1BlockNumber: 1, l1TxHash: hashOf(1) }] },
    },
  )
  fake = createFakes(3)
  const { sendVerification } = fake.activities
  fake.activities.sendVerification = async (input) => {
    await batch.signal(messages.verificationStarted, input)
    return await sendVerification(input)
  }
  await start()
  await eventually(() => expect(fake.sent).toHaveLength(1))
  expect(await signalsSent(handle)).toEqual([]) // the activity tells
  await eventually(async () => expect((await batch.query(messages.batchState)).status).toBe('verifying'))
  await batch.terminate()
})

test('a refusal by L1 raises attention; the retry is a new round of jobs', async () => {
  fake = createFakes(3)
  const { sendVerification } = fake.activities
  fake.activities.sendVerification = () => {
    throw new VerificationRevertedError('L1 refused the verification.', { facts: { revert: 'InvalidProof' } })
  }
  await start()
  await eventually(async () => expect(await attention()).toBe('verification-failed'))
  expect(fake.jobs).toEqual(['join 1-2 r0', 'join 1-3 r0', 'final r0'])
  fake.activities.sendVerification = sendVerification
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toHaveLength(1))
  expect(fake.jobs.slice(3)).toEqual(['join 1-2 r1', 'join 1-3 r1', 'final r1'])
  await eventually(async () => expect(await attention()).toBeNull())
  await recordHistory('aggregator-refused-and-retried-3', handle)
})

test('a final proof that is not of the State DB never reaches L1', async () => {
  fake = createFakes(1)
  let refusals = 2
  fake.activities.acceptFinalProof = async ({ proofId }) => {
    if (refusals-- > 0) throw new ProofMismatchError('Not our state root.', { facts: { proofId } })
  }
  await start({ retryFailedMs: 50 })
  await eventually(() => expect(fake.sent).toEqual(['1-1 final 1']))
  expect(fake.jobs).toEqual(['final r0', 'final r1', 'final r2'])
})

test('a final proof that an L1 reorg took, with its inputs, is made anew', async () => {
  fake = createFakes(1)
  const { sendVerification } = fake.activities
  let lost = true
  fake.activities.sendVerification = async (input) => {
    if (lost) {
      lost = false
      throw new ProofNotFoundError('No such proof.', { facts: { proofId: input.proofId } })
    }
    return await sendVerification(input)
  }
  await start({ retryFailedMs: 50 })
  await eventually(() => expect(fake.sent).toEqual(['1-1 final 1']))
  expect(fake.jobs).toEqual(['final r0', 'final r1'])
})

test('a join that fails is waited out with its neighbours before the next round', async () => {
  fake = createFakes(4)
  const { aggregateProofs } = fake.activities
  let release = () => {}
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  fake.activities.aggregateProofs = async (input) => {
    if (input.round === 0 && input.fromBatch === 1) throw new ProofRefusedError('These do not join.')
    if (input.round === 0) await slow
    return await aggregateProofs(input)
  }
  await start({ retryFailedMs: 50 })
  const failed = run.client.workflow.getHandle(messages.aggregatedProofWorkflowId(1, 2))
  await eventually(async () => expect((await failed.describe()).status.name).toBe('FAILED'))
  expect(await attention()).toBeNull()
  release()
  await eventually(() => expect(fake.sent).toEqual(['1-4 final ((1 2) (3 4))']))
  expect(fake.jobs.filter((job) => job.endsWith('r1'))).toHaveLength(4)
})

test('a run may grow for its time, and goes when it is gone', async () => {
  fake = createFakes(1)
  Object.assign(fake.state, { full: false, waitMs: 400 })
  await start()
  await eventually(() => expect(fake.state.plans).toBe(1))
  fake.state.proven = 2
  await handle.signal(messages.proofReady, { batchNumber: 2 })
  await eventually(() => expect(fake.sent).toEqual(['1-2 final (1 2)']))

  fake.state.proven = 3
  await handle.signal(messages.proofReady, { batchNumber: 3 })
  const { plans } = fake.state
  await eventually(() => expect(fake.state.plans).toBeGreaterThan(plans))
  fake.state.proven = 2 // L1 forgot the sequence of batch 3
  await eventually(() => expect(fake.state.plans).toBeGreaterThan(plans + 1))
  fake.state.proven = 4
  fake.state.full = true
  await handle.signal(messages.l1Progressed)
  await eventually(() => expect(fake.sent.slice(1)).toEqual(['3-4 final (3 4)']))
  await recordHistory('aggregator-waiting-3', handle)
})
