import * as wf from '@temporalio/workflow'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { BatchActivities } from '#activities/batches.ts'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import type { ProvingActivities } from '#activities/proving.ts'
import { failureMessage } from './failures.ts'
import { planGrowingRun, type Wake } from './growingRun.ts'
import { sendByWorkflow, wasCancelled, wasWithdrawn } from './l1Transaction.ts'
import * as messages from './messages.ts'
import { type Neighbours, type ProofRange, proofWorkflow } from './proof.ts'
import { DATABASE, L1_WRITE, PROVE } from './retryPolicies.ts'

const database = wf.proxyActivities<BatchActivities & AcceptanceActivities>(DATABASE)
const prover = wf.proxyActivities<Pick<ProvingActivities, 'finalizeProof'>>(PROVE)
const l1 = wf.proxyActivities<Pick<L1SendingActivities, 'sendVerification'>>(L1_WRITE)

const INTERVALS = { reconcileMs: 10 * 60_000, retryFailedMs: 60_000 }

/**
 * Joins batch proofs, two or more in a job, into one, has the final proof made and sends it to L1: one transaction for a run of
 * batches, one run at a time. What is ready is read from the State DB.
 */
export async function aggregatorWorkflow(round = 0, intervals = INTERVALS): Promise<never> {
  const activitiesTell = wf.patched('activities-tell')
  const transactionsAreWorkflows = wf.patched('l1-transactions')
  const wake: Wake = { woken: true, urgent: false }
  const planAgain = () => {
    wake.woken = true
  }
  wf.setHandler(messages.proofReady, planAgain, { description: 'A batch proof is stored and accepted' })
  wf.setHandler(messages.l1Progressed, planAgain, { description: 'Synchronizer: verifications on L1 changed' })
  wf.setHandler(
    messages.retryNow,
    () => {
      wake.urgent = true
    },
    { description: 'Operator: try now what failed' },
  )
  const attention = (value: messages.Attention | null) =>
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value }])

  let parked = wf.workflowInfo().typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention) !== undefined
  const unpark = () => {
    if (parked) attention(null)
    parked = false
  }
  while (!wf.workflowInfo().continueAsNewSuggested) {
    await wf.condition(() => wake.woken || wake.urgent, parked ? intervals.retryFailedMs : intervals.reconcileMs, {
      summary: parked ? 'try again what failed' : 'look for proofs in the State DB',
    })
    if (parked) wake.urgent = true // it had its time to grow
    const plan = await planGrowingRun(database.planVerification, wake)
    if (plan === null) {
      unpark() // what failed is not there any more
      wf.setCurrentDetails('No run of proven batches that ends with a sequence.')
      continue
    }
    const { fromBatch, toBatch } = plan
    const range = fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`
    wf.setCurrentDetails(`Verifying **${range}**.`)
    try {
      const { proofId: aggregated } = await aggregate(plan.proofs, plan.proofsPerJob ?? 2, round)
      const final = await prover.finalizeProof.executeWithOptions({ summary: `final proof of ${range}` }, [
        { fromBatch, toBatch, proofId: aggregated, round },
      ])
      await database.acceptFinalProof.executeWithOptions({ summary: `compare ${final.proofId} with the State DB` }, [
        { fromBatch, toBatch, proofId: final.proofId },
      ])
      if (!activitiesTell) await tellBatches(fromBatch, toBatch)
      const { proofId } = final
      const sent = transactionsAreWorkflows
        ? await sendByWorkflow({ purpose: 'verify', fromBatch, toBatch, proofId })
        : await l1.sendVerification.executeWithOptions({ summary: `verify ${range} on L1` }, [
            { fromBatch, toBatch, proofId },
          ])
      wf.setCurrentDetails(`Last verified: **${range}**, L1 transaction \`${sent.l1TxHash}\`.`)
      unpark()
      wake.woken = true
    } catch (error) {
      if (wf.isCancellation(error)) throw error
      if (wasWithdrawn(error)) {
        wf.setCurrentDetails(`L1 replaced **${range}**.`)
        wake.woken = true
        continue
      }
      if (wasCancelled(error)) {
        wf.setCurrentDetails(`The verification of **${range}** was cancelled. Signal \`retryNow\` goes on.`)
        attention('l1-cancelled')
        parked = true
        await wf.condition(() => wake.urgent) // unbounded: an operator stopped it
        continue
      }
      wf.setCurrentDetails(
        `Verification of **${range}** failed:\n\n> ${failureMessage(error)}\n\nSignal \`retryNow\` tries at once.`,
      )
      if (!parked) attention('verification-failed')
      parked = true
      round++ // a new round is a new job: a stored result that was refused is not taken again
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof aggregatorWorkflow>(round, intervals)
}

/** Folds neighbours in parallel, up to `proofsPerJob` into one, level by level, until one proof covers the run. */
async function aggregate(proofs: readonly ProofRange[], proofsPerJob: number, round: number): Promise<ProofRange> {
  let level = proofs
  while (level.length > 1) {
    const next: Promise<ProofRange>[] = []
    for (let index = 0; index < level.length; index += proofsPerJob) {
      const neighbours = level.slice(index, index + proofsPerJob)
      next.push(isSeveral(neighbours) ? joinInChild(neighbours, round) : Promise.resolve(neighbours[0]!))
    }
    level = await allOrNone(next)
  }
  return level[0]!
}

const isSeveral = (proofs: readonly ProofRange[]): proofs is Neighbours => proofs.length > 1

function joinInChild(proofs: Neighbours, round: number): Promise<ProofRange> {
  const [{ fromBatch }, { toBatch }] = [proofs[0], proofs.at(-1)!]
  return wf.executeChild(proofWorkflow, {
    workflowId: messages.aggregatedProofWorkflowId(fromBatch, toBatch),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ proofs, round }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Proof of batches ${fromBatch} to ${toBatch}`,
  })
}

async function tellBatches(fromBatch: number, toBatch: number): Promise<void> {
  const tellings = []
  for (let batchNumber = fromBatch; batchNumber <= toBatch; batchNumber++) {
    const batch = wf.getExternalWorkflowHandle(messages.batchWorkflowId(batchNumber))
    // A batch without a running workflow needs no telling.
    tellings.push(batch.signal(messages.verificationStarted, { fromBatch, toBatch }).catch(() => undefined))
  }
  await Promise.all(tellings)
}

/** Fails with the first failure, but only after the last one ended: a repetition must find no child of this one running. */
async function allOrNone<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return await Promise.all(promises)
}
