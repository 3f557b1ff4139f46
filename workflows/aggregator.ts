import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import * as wf from '@temporalio/workflow'
import type { AggregationActivities } from '#activities/aggregation.ts'
import { describeAggregator } from './aggregatorDetails.ts'
import { cancelWhen } from './cancelWhen.ts'
import { failureMessage, failureType } from './failures.ts'
import { sendByWorkflow, wasCancelled, wasWithdrawn } from './l1Transaction.ts'
import * as messages from './messages.ts'
import { assertOrder } from './operatedProof.ts'
import { proofWorkflow } from './proof.ts'
import { makeFinalProof, type Neighbours, type ProofRange } from './proofJobs.ts'
import { DATABASE } from './retryPolicies.ts'

const database = wf.proxyActivities<AggregationActivities>(DATABASE)

/** The final proof under way, and who is to make such. */
type FinalProof = { order: messages.ProofOrder; isMaking: boolean; interrupted?: 'moved' | 'cancelled' }

const PROOF_CANCELLED = 'ProofCancelledError'
const INTERVALS = { reconcileMs: 10 * 60_000, retryFailedMs: 60_000, maxFailures: 3 }

/**
 * Has proofs of neighbours joined as soon as they are there, and, when the run behind the last verified batch is long or
 * old enough, its final proof made and sent to L1: one verification at a time, beside the joins. What is ready is read
 * from the State DB.
 */
export async function aggregatorWorkflow(
  state: messages.AggregatorState = { round: 0, running: [] },
  intervals = INTERVALS,
): Promise<never> {
  const { running } = state
  let { round, parked } = state
  let woken = true
  let urgent = false
  let dueAt: number | undefined
  let target: number | undefined
  let verifying: messages.VerificationView | undefined
  let verificationsOver = 0
  let lastSent: messages.L1Reference | undefined
  let verifiedOnL1 = 0
  const final: FinalProof = { order: { proverKind: 'any', priority: messages.PRIORITY.final }, isMaking: false }

  wf.setHandler(messages.proofReady, wake, { description: 'An accepted proof is stored' })
  wf.setHandler(messages.l1Progressed, wake, { description: 'Synchronizer: sequences or verifications on L1 changed' })
  wf.setHandler(
    messages.proofGivenUp,
    (given) => {
      drop(given)
      wake()
    },
    { description: 'A joined proof ended without a result' },
  )
  wf.setHandler(
    messages.retryNow,
    () => {
      urgent = true
    },
    { description: 'Operator: verify now what is ready, or what failed' },
  )
  wf.setHandler(
    messages.cancelProof,
    async () => {
      final.interrupted = 'cancelled'
      await wf.condition(() => !final.isMaking)
      return 'The final proof is cancelled; retryNow has it made again.'
    },
    {
      description: 'Operator: stop making the final proof until retryNow',
      validator: (_request?: { note?: string }) => {
        if (!final.isMaking) throw wf.ApplicationFailure.nonRetryable('No final proof is being made.', 'NotParkedError')
      },
    },
  )
  wf.setHandler(
    messages.moveProof,
    (request) => {
      Object.assign(final.order, request)
      if (final.isMaking) final.interrupted = 'moved'
      return `Final proofs go to ${final.order.proverKind} provers with priority ${final.order.priority}.`
    },
    {
      description: 'Operator: other provers or another priority for final proofs, e.g. {"proverKind":"remote"}',
      validator: assertOrder,
    },
  )
  wf.setHandler(messages.aggregatorState, () => ({ running, verifying, parked, lastSent }), {
    description: 'Joins and verification under way',
  })
  function wake(): void {
    woken = true
  }
  function drop({ fromBatch, toBatch }: messages.BatchRange): void {
    const index = running.findIndex((join) => join.fromBatch === fromBatch && join.toBatch === toBatch)
    if (index >= 0) running.splice(index, 1)
  }
  const show = () => wf.setCurrentDetails(describeAggregator({ running, verifying, parked, lastSent }))
  const attend = (value: messages.Attention | null) =>
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value }])

  async function startJoin(proofs: Neighbours): Promise<void> {
    const range = { fromBatch: proofs[0].fromBatch, toBatch: proofs.at(-1)!.toBatch }
    running.push({ ...range, proofIds: proofs.map(({ proofId }) => proofId) })
    try {
      await wf.startChild(proofWorkflow, {
        workflowId: messages.joinedProofWorkflowId(range),
        taskQueue: messages.TASK_QUEUE.batch,
        args: [{ proofs }],
        parentClosePolicy: 'ABANDON',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        priority: { priorityKey: messages.PRIORITY.joined },
        staticSummary: `Proof of batches ${range.fromBatch} to ${range.toBatch}`,
      })
    } catch (error) {
      // Of an earlier run of this workflow: it ends as any other does.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
  }

  async function giveUp(range: messages.BatchRange): Promise<void> {
    drop(range)
    const proof = wf.getExternalWorkflowHandle(messages.joinedProofWorkflowId(range))
    await proof.cancel().catch(() => {}) // it has ended
  }

  /** Gives nothing when L1 has verified otherwise meanwhile. */
  async function makeFinal(whole: ProofRange): Promise<string | undefined> {
    const isOutdated = () => verifiedOnL1 >= whole.fromBatch
    final.isMaking = true
    try {
      for (;;) {
        delete final.interrupted
        const interrupted = () => final.interrupted !== undefined || isOutdated()
        const proofId = await cancelWhen(interrupted, () => makeFinalProof(whole, round, final.order))
        if (proofId !== undefined || isOutdated()) return proofId
        if (final.interrupted === 'cancelled')
          throw wf.ApplicationFailure.nonRetryable('Cancelled by an operator.', PROOF_CANCELLED)
      }
    } finally {
      final.isMaking = false
    }
  }

  async function verify(whole: ProofRange, finalProofId: string | undefined, failures: number): Promise<void> {
    const { fromBatch, toBatch } = whole
    verifying = { fromBatch, toBatch, round }
    show()
    try {
      const proofId = finalProofId ?? (await makeFinal(whole))
      if (proofId === undefined) return
      lastSent = await sendByWorkflow({ purpose: 'verify', fromBatch, toBatch, proofId })
      unpark()
    } catch (error) {
      if (wf.isCancellation(error)) return // as the workflow is
      if (!wasWithdrawn(error)) park(fromBatch, failures + 1, error)
      round++ // a new round is a new job: a stored result that was refused is not taken again
    } finally {
      verifying = undefined
      verificationsOver++
      target = undefined
      dueAt = undefined
      show()
      wake()
    }
  }

  function park(fromBatch: number, failures: number, error: unknown): void {
    const isByOperator = wasCancelled(error) || failureType(error) === PROOF_CANCELLED
    const isForOperator = isByOperator || failures >= intervals.maxFailures
    const retryAt = isForOperator ? undefined : Date.now() + intervals.retryFailedMs
    const attention = wasCancelled(error) ? 'l1-cancelled' : 'verification-failed'
    parked = { fromBatch, failures, attention, error: failureMessage(error), ...(retryAt && { retryAt }) }
    attend(attention)
  }
  function unpark(): void {
    if (parked !== undefined) attend(null)
    parked = undefined
  }

  /** Milliseconds until something is to be done without a signal. */
  const untilNext = () => {
    const next = parked === undefined ? dueAt : parked.retryAt
    if (verifying !== undefined || target !== undefined || next === undefined) return intervals.reconcileMs
    return Math.max(1, Math.min(next - Date.now(), intervals.reconcileMs))
  }
  const mayRetry = () => urgent || (parked?.retryAt !== undefined && Date.now() >= parked.retryAt)

  for (;;) {
    const isOver = wf.workflowInfo().continueAsNewSuggested
    if (isOver && verifying === undefined) break
    const isSignalled = await wf.condition(() => woken || urgent, untilNext(), { summary: 'look in the State DB' })
    woken = false
    const asOf = verificationsOver
    const plan = await database.planAggregation({ running: [...running], target, isReconciling: !isSignalled })
    if (asOf !== verificationsOver) continue // woken by its end: what was planned is outdated
    target = plan.target ?? undefined
    verifiedOnL1 = plan.verified
    for (const range of plan.ended) drop(range)
    for (const range of plan.useless) await giveUp(range)
    for (const proofs of plan.joins) await startJoin(proofs)
    if (parked?.fromBatch !== plan.run?.fromBatch) unpark() // L1 has moved on
    show()
    const isHeld = verifying !== undefined || (parked !== undefined && !mayRetry())
    if (isHeld || plan.run === null) {
      if (plan.run === null) dueAt = undefined
      urgent = false
      continue
    }
    const due = dueAt ?? Date.now() + plan.run.waitMs
    dueAt = due
    const isDue = urgent || plan.run.full || parked !== undefined || Date.now() >= due
    urgent = false
    if (!isDue && target === undefined) continue
    if (plan.whole !== null) void verify(plan.whole, plan.finalProofId, parked?.failures ?? 0)
    else if (target === undefined) {
      target = plan.run.toBatch
      wake() // joins end there from now on
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof aggregatorWorkflow>({ round, running, ...(parked && { parked }) }, intervals)
}
