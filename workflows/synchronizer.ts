import * as wf from '@temporalio/workflow'
import type { SynchronizingActivities } from '#activities/synchronizing.ts'
import { failureMessage } from './failures.ts'
import * as messages from './messages.ts'
import { SYNCHRONIZE } from './retryPolicies.ts'

const { synchronize } = wf.proxyActivities<SynchronizingActivities>(SYNCHRONIZE)

const RUNS_PER_HISTORY = 200

/**
 * Keeps one reader of L1 running, for ever. All it reads and tells is the activity's. Where L1 and this node disagree
 * it parks: nothing may go on before somebody knows why.
 */
export async function synchronizerWorkflow(runsPerHistory = RUNS_PER_HISTORY): Promise<never> {
  let retryAsked = false
  const askRetry = () => {
    retryAsked = true
  }
  wf.setHandler(messages.retryNow, askRetry, {
    description: 'Operator: read L1 again, after what stopped it is mended',
  })
  const attention = (value: messages.Attention | null) =>
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value }])

  for (let run = 0; run < runsPerHistory && !wf.workflowInfo().continueAsNewSuggested; run++) {
    try {
      await synchronize.executeWithOptions({ summary: 'read L1, tell the batches' }, [])
    } catch (error) {
      if (wf.isCancellation(error)) throw error
      const reason = failureMessage(error)
      wf.log.error('Reading L1 stopped.', { error: reason })
      wf.setCurrentDetails(
        `Reading L1 **stopped**:\n\n> ${reason}\n\nMend the cause, then *Send a Signal → \`retryNow\`*.`,
      )
      attention('sync-failed')
      retryAsked = false
      await wf.condition(() => retryAsked) // unbounded: no repetition mends it
      attention(null)
      wf.setCurrentDetails('Reading L1.')
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof synchronizerWorkflow>(runsPerHistory)
}
