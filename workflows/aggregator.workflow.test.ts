import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { AggregationActivities } from '#activities/aggregation.ts'
import { type AcceptedProof, planAggregation } from '#activities/aggregationPlan.ts'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import type { ProofJobActivities } from '#activities/proofJobs.ts'
import type { ProvingActivities } from '#activities/proving.ts'
import { ProofNotFoundError } from '#db/proofs.ts'
import { VerificationRevertedError } from '#etherman/reverts.ts'
import { ProofMismatchError } from '#prover/acceptance.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { claimsOf } from '#test/proofs.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { eventually, runWorkflows, signalsSent, untilCancelled, type WorkflowRun } from '#test/workflowRun.ts'
import type { aggregatorWorkflow } from './aggregator.ts'
import type { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'
import type { proofWorkflow } from './proof.ts'
import type { Neighbours } from './proofJobs.ts'

type Fakes = AggregationActivities &
  Pick<ProofJobActivities, 'prepareJoinedProof' | 'prepareFinalProof'> &
  Pick<AcceptanceActivities, 'acceptJoinedProof' | 'acceptFinalProof'> &
  Pick<ProvingActivities, 'aggregateProofs' | 'finalizeProof'> &
  Pick<L1SendingActivities, 'sendVerification'>

const proofOf = (fromBatch: number, toBatch: number, proofId: string): AcceptedProof => ({
  ...{ fromBatch, toBatch, proofId, forkId: 9 },
})

/** A node whose batches are each a sequence of their own; a proof of the fake says what it is made of. */
function createFakes(proven: number) {
  const state = {
    ...{ full: true, waitMs: 0, plans: 0, verified: 0, proofsPerJob: 2, maxJoins: 100, sequenced: 100 },
    proofs: [] as AcceptedProof[],
    finals: [] as { toBatch: number; proofId: string }[],
    prove(toBatch: number) {
      for (
        let batch = state.proofs.length === 0 ? 1 : Math.max(...state.proofs.map((p) => p.toBatch)) + 1;
        batch <= toBatch;
        batch++
      )
        state.proofs.push(proofOf(batch, batch, `${batch}`))
    },
  }
  state.prove(proven)
  const jobs: string[] = []
  const sent: string[] = []
  const activities: Fakes = {
    planAggregation: async ({ running, target }) => {
      state.plans++
      const { verified, proofsPerJob, maxJoins, full, waitMs } = state
      const isMade = (range: messages.BatchRange) =>
        state.proofs.some(({ fromBatch, toBatch }) => fromBatch === range.fromBatch && toBatch === range.toBatch)
      const useless = running.filter(({ fromBatch }) => fromBatch <= verified)
      const ended = running.filter((range) => isMade(range) && !useless.includes(range))
      const sequenceEnds = new Set(Array.from({ length: state.sequenced }, (_, index) => index + 1))
      const plan = planAggregation(
        {
          ...{ verified, sequenceEnds, target },
          proofs: state.proofs.filter(({ fromBatch }) => fromBatch > verified),
          running: running.filter((range) => !ended.includes(range) && !useless.includes(range)),
        },
        { maxBatches: 100, proofsPerJob, maxJoins },
      )
      const { run, whole } = plan
      const finalProofId = state.finals.find(({ toBatch }) => toBatch === whole?.toBatch)?.proofId
      return {
        joins: plan.joins as unknown as Neighbours[],
        run: run === undefined ? null : { ...run, full, waitMs },
        ...{ verified, target: plan.target ?? null, whole: whole ?? null, ended, useless },
        ...(finalProofId !== undefined && { finalProofId }),
      }
    },
    prepareJoinedProof: async ({ fromBatch, toBatch, proofIds, round }) => ({
      ...{ proofId: `(${proofIds.join(' ')})`, fromBatch, toBatch, proofIds: [...proofIds, `r${round}`] },
      claims: claimsOf(fromBatch, toBatch),
    }),
    aggregateProofs: async ({ proofId, fromBatch, toBatch, proofIds }) => {
      jobs.push(`join ${fromBatch}-${toBatch} ${proofIds.at(-1)}`)
      return { partId: proofId }
    },
    acceptJoinedProof: async ({ fromBatch, toBatch, proofId }) => {
      state.proofs.push(proofOf(fromBatch, toBatch, proofId))
      await handle.signal(messages.proofReady, { fromBatch, toBatch })
    },
    prepareFinalProof: async ({ fromBatch, toBatch, proofId, round }) => ({
      ...{ proofId: `final ${proofId}`, fromBatch, toBatch, inputId: `r${round}` },
      ...{ claims: claimsOf(fromBatch, toBatch), aggregator: addressOf(1) },
    }),
    finalizeProof: async ({ proofId, inputId }) => {
      jobs.push(`final ${inputId}`)
      return { partId: proofId }
    },
    acceptFinalProof: async ({ toBatch, proofId }) => void state.finals.push({ toBatch, proofId }),
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
      planAggregation: (input) => fake.activities.planAggregation(input),
      prepareJoinedProof: (input) => fake.activities.prepareJoinedProof(input),
      prepareFinalProof: (input) => fake.activities.prepareFinalProof(input),
      acceptJoinedProof: (made) => fake.activities.acceptJoinedProof(made),
      acceptFinalProof: (made) => fake.activities.acceptFinalProof(made),
      prepareBatchProof: async ({ batchNumber }) => ({
        ...{ proofId: `${batchNumber}`, fromBatch: batchNumber, toBatch: batchNumber },
        ...{ inputsKey: '', witnessKey: '' },
      }),
      acceptBatchProof: async () => {},
    },
    prover: {
      proveBatch: async ({ proofId }) => ({ partId: proofId }),
      aggregateProofs: (job) => fake.activities.aggregateProofs(job),
      finalizeProof: (job) => fake.activities.finalizeProof(job),
    },
    l1: { sendVerification: (input) => fake.activities.sendVerification(input) },
  })
})
afterAll(() => run?.stop())
beforeEach(() => {
  fake = createFakes(0)
})
afterEach(async () => {
  const joins = (await handle.query(messages.aggregatorState)).running
  await handle.terminate()
  for (const range of joins)
    await joinOf(range.fromBatch, range.toBatch)
      .terminate()
      .catch(() => {})
})

const HOURS = { reconcileMs: 3_600_000, retryFailedMs: 3_600_000, maxFailures: 3 }
async function start(intervals: Partial<typeof HOURS> = {}): Promise<void> {
  handle = await run.client.workflow.start<typeof aggregatorWorkflow>('aggregatorWorkflow', {
    workflowId: messages.AGGREGATOR_WORKFLOW_ID,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [
      { round: 0, running: [] },
      { ...HOURS, ...intervals },
    ],
  })
}
const joinOf = (fromBatch: number, toBatch: number) =>
  run.client.workflow.getHandle<typeof proofWorkflow>(messages.joinedProofWorkflowId({ fromBatch, toBatch }))
const attentionOf = async (workflow: WorkflowHandle) =>
  (await workflow.describe()).typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention) ?? null
const attention = () => attentionOf(handle)

test.each([
  [1, 'final 1'],
  [2, 'final (1 2)'],
  [3, 'final ((1 2) 3)'],
  [5, 'final (((1 2) (3 4)) 5)'],
  [6, 'final (((1 2) (3 4)) (5 6))'],
])('the proofs of %i batches become one', async (batches, proof) => {
  fake = createFakes(batches)
  await start()
  await eventually(() => expect(fake.sent).toHaveLength(1))
  const [only] = fake.sent
  if (batches < 5) expect(only).toBe(`1-${batches} ${proof}`)
  else expect(only).toMatch(new RegExp(`^1-${batches} final `)) // who is ready first decides
  expect(fake.jobs).toHaveLength(batches)
  if (batches === 5) {
    await recordHistory('aggregator-joins', handle)
    await recordHistory('proof-joined-3', joinOf(1, 2))
  }
})

test('neighbours are joined as soon as they are there, before anything is to be verified', async () => {
  fake = createFakes(2)
  Object.assign(fake.state, { full: false, waitMs: 3_600_000 })
  await start()
  await eventually(() => expect(fake.state.proofs.at(-1)).toEqual(proofOf(1, 2, '(1 2)')))
  expect(fake.jobs).toEqual(['join 1-2 r1'])
  fake.state.prove(4)
  await handle.signal(messages.proofReady, { fromBatch: 4, toBatch: 4 })
  await eventually(() => expect(fake.jobs.slice(1)).toEqual(['join 1-3 r1', 'join 1-4 r1']))
  expect(fake.sent).toEqual([])
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-4 final (((1 2) 3) 4)']))
})

test('where provers allow it a job joins many proofs', async () => {
  fake = createFakes(9)
  fake.state.proofsPerJob = 4
  await start()
  await eventually(() => expect(fake.sent).toEqual(['1-9 final ((1 2 3 4) (5 6 7 8) 9)']))
  expect(fake.jobs.slice(0, 2).sort()).toEqual(['join 1-4 r1', 'join 5-8 r1']) // both at once
})

test('joins go on while a verification is made, and do not touch what it covers', async () => {
  fake = createFakes(2)
  const { sendVerification } = fake.activities
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  fake.activities.sendVerification = async (input) => {
    await held
    return await sendVerification(input)
  }
  await start()
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).verifying).toBeDefined())
  fake.state.prove(4)
  await handle.signal(messages.proofReady, { fromBatch: 4, toBatch: 4 })
  await eventually(() => expect(fake.jobs).toContain('join 3-4 r1'))
  expect(fake.jobs).not.toContain('join 1-4 r1')
  release()
  await eventually(() => expect(fake.sent).toEqual(['1-2 final (1 2)', '3-4 final (3 4)']))
})

test('a batch is shown as verifying while its verification is sent', async () => {
  const batch = await run.client.workflow.signalWithStart<typeof batchWorkflow, [messages.L1Reference]>(
    'batchWorkflow',
    {
      ...{ workflowId: messages.batchWorkflowId(2), taskQueue: messages.TASK_QUEUE.batch },
      args: [{ batchNumber: 2, forkId: 9, startAt: 'virtual', form: 3 }],
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

test('a refusal by L1 raises attention; the retry is a new round of the final proof, with the proofs there are', async () => {
  fake = createFakes(2)
  const { sendVerification, acceptFinalProof } = fake.activities
  fake.activities.acceptFinalProof = async () => {}
  fake.activities.sendVerification = () => {
    throw new VerificationRevertedError('L1 refused the verification.', { facts: { revert: 'InvalidProof' } })
  }
  await start()
  await eventually(async () => expect(await attention()).toBe('verification-failed'))
  expect(fake.jobs).toEqual(['join 1-2 r1', 'final r0'])
  Object.assign(fake.activities, { sendVerification, acceptFinalProof })
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-2 final (1 2)']))
  expect(fake.jobs.slice(2)).toEqual(['final r1'])
  await eventually(async () => expect(await attention()).toBeNull())
  await recordHistory('aggregator-refused-and-retried-4', handle)
})

test('after three failures only a person starts another try, whatever happens meanwhile', async () => {
  fake = createFakes(1)
  let refusals = 3
  fake.activities.acceptFinalProof = async ({ proofId }) => {
    if (refusals-- > 0) throw new ProofMismatchError('Not our state root.', { facts: { proofId } })
  }
  await start({ retryFailedMs: 50 })
  await eventually(() => expect(fake.jobs).toEqual(['final r0', 'final r1', 'final r2']))
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).parked?.failures).toBe(3))
  const { plans } = fake.state
  await handle.signal(messages.proofReady, { fromBatch: 1, toBatch: 1 })
  await handle.signal(messages.l1Progressed)
  await eventually(() => expect(fake.state.plans).toBeGreaterThan(plans))
  expect((await handle.query(messages.aggregatorState)).parked).toMatchObject({ failures: 3, fromBatch: 1 })
  expect(fake.jobs).toHaveLength(3)
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-1 final 1']))
  expect(fake.jobs.at(-1)).toBe('final r3')
})

test('an operator has a final proof made by other provers, or stopped until it is wanted again', async () => {
  fake = createFakes(1)
  const { finalizeProof } = fake.activities
  let stopped = 0
  fake.activities.finalizeProof = () => untilCancelled().finally(() => stopped++)
  await start()
  const update = (name: string, request: object) => handle.executeUpdate<string, [object]>(name, { args: [request] })
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).verifying).toBeDefined())
  await expect(update('moveProof', { proverKind: 'none' })).rejects.toThrow()
  const moved = await update('moveProof', { proverKind: 'any', priority: 5 })
  expect(moved).toBe('Final proofs go to any provers with priority 5.')
  await eventually(() => expect(stopped).toBe(1))
  expect(await update('cancelProof', {})).toBe('The final proof is cancelled; retryNow has it made again.')
  await eventually(() => expect(stopped).toBe(2))
  await eventually(async () => expect(await attention()).toBe('verification-failed'))
  expect((await handle.query(messages.aggregatorState)).parked).not.toHaveProperty('retryAt')
  await expect(update('cancelProof', {})).rejects.toThrow()
  fake.activities.finalizeProof = finalizeProof
  await handle.signal(messages.retryNow)
  await eventually(() => expect(fake.sent).toEqual(['1-1 final 1']))
  await recordHistory('aggregator-final-proof-moved-and-cancelled', handle)
})

test('a final proof of what L1 verified otherwise is given up', async () => {
  fake = createFakes(1)
  let stopped = false
  fake.activities.finalizeProof = () =>
    untilCancelled().finally(() => {
      stopped = true
    })
  await start()
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).verifying).toBeDefined())
  fake.state.verified = 1
  await handle.signal(messages.l1Progressed)
  await eventually(() => expect(stopped).toBe(true))
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).verifying).toBeUndefined())
  expect(await attention()).toBeNull()
})

test('what failed is forgotten when L1 has verified it otherwise', async () => {
  fake = createFakes(1)
  fake.activities.acceptFinalProof = () => Promise.reject(new ProofMismatchError('No.'))
  await start()
  await eventually(async () => expect(await attention()).toBe('verification-failed'))
  fake.state.verified = 1
  await handle.signal(messages.l1Progressed)
  await eventually(async () => expect(await attention()).toBeNull())
})

test('a final proof that is there already is sent, not made again', async () => {
  fake = createFakes(2)
  fake.state.finals.push({ toBatch: 2, proofId: 'made before' })
  await start()
  await eventually(() => expect(fake.sent).toEqual(['1-2 made before']))
  expect(fake.jobs).toEqual(['join 1-2 r1'])
})

test('a final proof that an L1 reorg took, with its inputs, is made anew', async () => {
  fake = createFakes(1)
  const { sendVerification } = fake.activities
  let lost = true
  fake.activities.acceptFinalProof = async () => {}
  fake.activities.sendVerification = async (input) => {
    if (!lost) return await sendVerification(input)
    lost = false
    throw new ProofNotFoundError('No such proof.', { facts: { proofId: input.proofId } })
  }
  await start({ retryFailedMs: 50 })
  await eventually(() => expect(fake.sent).toEqual(['1-1 final 1']))
  expect(fake.jobs).toEqual(['final r0', 'final r1'])
})

test('a join that is refused parks by itself until an operator retries it; others go on', async () => {
  fake = createFakes(4)
  const { aggregateProofs } = fake.activities
  fake.activities.aggregateProofs = async (job) => {
    if (job.proofIds.at(-1) === 'r1' && job.fromBatch === 1 && job.toBatch === 2)
      throw new ProofRefusedError('These do not join.')
    return await aggregateProofs(job)
  }
  await start()
  const refused = joinOf(1, 2)
  await eventually(async () => expect(await attentionOf(refused)).toBe('proof-failed'))
  await eventually(() => expect(fake.jobs).toEqual(['join 3-4 r1']))
  expect(await attention()).toBeNull()
  expect(await refused.query(messages.proofState)).toMatchObject({ lastError: 'These do not join.', proofRounds: 1 })
  const args = [{ note: 'mended' }] as unknown as [unknown]
  const answer = await refused.executeUpdate<string, [unknown, ...unknown[]]>('retryProofNow', { args })
  expect(answer).toBe('Round 2 of the proof of batches 1 to 2 started.')
  await eventually(() => expect(fake.sent).toEqual(['1-4 final ((1 2) (3 4))']))
  await recordHistory('proof-refused-and-retried', refused)
})

test('a join of batches that L1 has verified otherwise is stopped', async () => {
  fake = createFakes(2)
  let stopped = false
  fake.activities.aggregateProofs = () =>
    untilCancelled().finally(() => {
      stopped = true
    })
  await start()
  await eventually(async () => expect((await handle.query(messages.aggregatorState)).running).toHaveLength(1))
  fake.state.verified = 2
  await handle.signal(messages.l1Progressed)
  await eventually(() => expect(stopped).toBe(true))
  await eventually(async () => expect((await joinOf(1, 2).describe()).status.name).toBe('CANCELLED'))
  expect((await handle.query(messages.aggregatorState)).running).toEqual([])
  await recordHistory('proof-cancelled', joinOf(1, 2))
})

test('a run may grow for its time, and goes when it is gone', async () => {
  fake = createFakes(1)
  Object.assign(fake.state, { full: false, waitMs: 400 })
  await start()
  await eventually(() => expect(fake.state.plans).toBe(1))
  fake.state.prove(2)
  await handle.signal(messages.proofReady, { fromBatch: 2, toBatch: 2 })
  await eventually(() => expect(fake.sent).toEqual(['1-2 final (1 2)']))
  await recordHistory('aggregator-waiting-4', handle)
})
