import * as wf from '@temporalio/workflow'
import type { SynchronizingActivities } from '#activities/synchronizing.ts'
import { failureMessage } from './failures.ts'
import * as messages from './messages.ts'
import { SYNCHRONIZE } from './retryPolicies.ts'
import { RUNBOOK, runbookOf } from './runbooks.ts'

const { synchronize } = wf.proxyActivities<SynchronizingActivities>(SYNCHRONIZE)

const RUNS_PER_HISTORY = 200
/** The newest undoings that wait for an operator's look. */
const MOST_SHOWN = 10

/**
 * Keeps one reader of L1 running, for ever. All it reads and tells is the activity's. Where L1 and this node disagree
 * it parks: nothing may go on before somebody knows why.
 */
export async function synchronizerWorkflow(
  runsPerHistory = RUNS_PER_HISTORY,
  unacknowledged: messages.ReplacedBatches[] = [],
): Promise<never> {
  let retryAsked = false
  let replaced = unacknowledged
  const askRetry = () => {
    retryAsked = true
  }
  wf.setHandler(messages.retryNow, askRetry, {
    description: 'Operator: read L1 again, after what stopped it is mended',
  })
  const attention = (value: messages.Attention | null) =>
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value }])
  let stopped = false
  const showReading = () => {
    if (stopped) return
    attention(replaced.length === 0 ? null : 'trusted-batch-replaced')
    wf.setCurrentDetails(describeReplaced(replaced))
  }
  wf.setHandler(
    messages.trustedBatchesReplaced,
    (batches) => {
      if (replaced.some(({ undoing }) => undoing === batches.undoing)) return // told before
      replaced = [...replaced, batches].slice(-MOST_SHOWN)
      showReading()
    },
    { description: 'Its activity: L1 replaced batches that users had seen' },
  )
  wf.setHandler(
    messages.acknowledgeReplaced,
    () => {
      replaced = []
      showReading()
    },
    { description: 'Operator: the replaced batches have been looked at' },
  )

  for (let run = 0; run < runsPerHistory && !wf.workflowInfo().continueAsNewSuggested; run++) {
    try {
      await synchronize.executeWithOptions({ summary: 'read L1, tell the batches' }, [])
    } catch (error) {
      if (wf.isCancellation(error)) throw error
      const reason = failureMessage(error)
      wf.log.error('Reading L1 stopped.', { error: reason, runbook: RUNBOOK['sync-failed'] })
      wf.setCurrentDetails(
        `Reading L1 **stopped**:\n\n> ${reason}\n\nMend the cause, then *Send a Signal → \`retryNow\`*. ${runbookOf('sync-failed')}`,
      )
      stopped = true
      attention('sync-failed')
      retryAsked = false
      await wf.condition(() => retryAsked) // unbounded: no repetition mends it
      stopped = false
      showReading()
    }
  }
  await wf.condition(wf.allHandlersFinished)
  return await wf.continueAsNew<typeof synchronizerWorkflow>(runsPerHistory, replaced)
}

function describeReplaced(replaced: readonly messages.ReplacedBatches[]): string {
  if (replaced.length === 0) return 'Reading L1.'
  const rows = replaced.map(({ fromBatch, toBatch, reason }) => `- batches ${fromBatch} to ${toBatch}: ${reason}`)
  return [
    'Reading L1. It **replaced** what this node had built; users saw it undone:\n',
    ...rows,
    `\n${runbookOf('trusted-batch-replaced')} Then *Send a Signal → \`acknowledgeReplaced\`*.`,
  ].join('\n')
}
