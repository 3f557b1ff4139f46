import * as wf from '@temporalio/workflow'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import { failureMessage } from './failures.ts'
import { planGrowingRun, type Wake } from './growingRun.ts'
import { sendByWorkflow, wasCancelled, wasWithdrawn } from './l1Transaction.ts'
import * as messages from './messages.ts'
import { L1_WRITE } from './retryPolicies.ts'
import { RUNBOOK, runbookOf } from './runbooks.ts'

const l1 = wf.proxyActivities<L1SendingActivities>(L1_WRITE)

const INTERVALS = { reconcileMs: 10 * 60_000, retryFailedMs: 60_000 }

/** Groups checked batches into sequences, one L1 transaction at a time. What to send next is read from the State DB. */
export async function sequenceSenderWorkflow(intervals = INTERVALS): Promise<never> {
  const transactionsAreWorkflows = wf.patched('l1-transactions')
  const wake: Wake = { woken: true, urgent: false }
  const planAgain = () => {
    wake.woken = true
  }
  wf.setHandler(messages.batchSealed, planAgain, { description: 'A batch is closed and checked' })
  wf.setHandler(messages.l1Progressed, planAgain, { description: 'Synchronizer: sequences on L1 changed' })
  wf.setHandler(
    messages.retryNow,
    () => {
      wake.urgent = true
    },
    { description: 'Operator: try now to send what L1 refused' },
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
      summary: parked ? 'try again what failed' : 'look for batches in the State DB',
    })
    if (parked) wake.urgent = true // it had its time to grow
    const plan = await planGrowingRun(l1.planSequence, wake)
    if (plan === null) {
      unpark() // what failed is not there any more
      wf.setCurrentDetails('Nothing to sequence.')
      continue
    }
    const { fromBatch, toBatch } = plan
    const range = fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`
    wf.setCurrentDetails(`Sequencing **${range}**.`)
    try {
      const { l1TxHash } = transactionsAreWorkflows
        ? await sendByWorkflow({ purpose: 'sequence', fromBatch, toBatch })
        : await l1.sendSequence.executeWithOptions({ summary: `sequence ${range}` }, [{ fromBatch, toBatch }])
      wf.setCurrentDetails(`Last sequenced: **${range}**, L1 transaction \`${l1TxHash}\`.`)
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
        wf.setCurrentDetails(
          `The sequence of **${range}** was cancelled. Signal \`retryNow\` goes on. ${runbookOf('l1-cancelled')}`,
        )
        attention('l1-cancelled')
        parked = true
        await wf.condition(() => wake.urgent) // unbounded: an operator stopped it
        continue
      }
      wf.setCurrentDetails(
        `L1 refused the sequence of **${range}**:\n\n> ${failureMessage(error)}\n\nSignal \`retryNow\` tries at once. ${runbookOf('sequence-failed')}`,
      )
      if (!parked) {
        attention('sequence-failed')
        wf.log.warn('Sequencing is parked.', {
          fromBatch,
          toBatch,
          error: failureMessage(error),
          runbook: RUNBOOK['sequence-failed'],
        })
      }
      parked = true
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof sequenceSenderWorkflow>(intervals)
}
