import * as wf from '@temporalio/workflow'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import { failureMessage } from './failures.ts'
import * as messages from './messages.ts'
import { L1_WRITE } from './retryPolicies.ts'

const l1 = wf.proxyActivities<L1SendingActivities>(L1_WRITE)

const RECONCILE_EVERY = '10 minutes'
const RETRY_FAILED_EVERY = '1 minute'

/** Groups checked batches into sequences, one L1 transaction at a time. What to send next is read from the State DB. */
export async function sequenceSenderWorkflow(): Promise<never> {
  let woken = true
  const wake = () => {
    woken = true
  }
  wf.setHandler(messages.batchSealed, wake, { description: 'A batch is closed and checked' })
  wf.setHandler(messages.l1Progressed, wake, { description: 'Synchronizer: sequences on L1 changed' })
  wf.setHandler(messages.retryNow, wake, { description: 'Operator: try now to send what L1 refused' })
  const attention = (value: messages.Attention | null) =>
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value }])

  let parked = false
  while (!wf.workflowInfo().continueAsNewSuggested) {
    await wf.condition(() => woken, parked ? RETRY_FAILED_EVERY : RECONCILE_EVERY)
    woken = false
    let plan = await l1.planSequence()
    if (plan === null) {
      wf.setCurrentDetails('Nothing to sequence.')
      continue
    }
    if (!plan.full) {
      await wf.sleep(plan.waitMs)
      plan = (await l1.planSequence()) ?? plan
    }
    const { fromBatch, toBatch } = plan
    const range = fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`
    wf.setCurrentDetails(`Sequencing **${range}**.`)
    try {
      const { l1TxHash } = await l1.sendSequence.executeWithOptions({ summary: `sequence ${range}` }, [
        { fromBatch, toBatch },
      ])
      wf.setCurrentDetails(`Last sequenced: **${range}**, L1 transaction \`${l1TxHash}\`.`)
      if (parked) attention(null)
      parked = false
      woken = true
    } catch (error) {
      if (wf.isCancellation(error)) throw error
      wf.setCurrentDetails(
        `L1 refused the sequence of **${range}**:\n\n> ${failureMessage(error)}\n\nSignal \`retryNow\` tries at once.`,
      )
      if (!parked) attention('sequence-failed')
      parked = true
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof sequenceSenderWorkflow>()
}
