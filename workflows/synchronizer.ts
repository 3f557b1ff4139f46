import * as wf from '@temporalio/workflow'
import type { SynchronizingActivities } from '#activities/synchronizing.ts'
import { SYNCHRONIZE } from './retryPolicies.ts'

const { synchronize } = wf.proxyActivities<SynchronizingActivities>(SYNCHRONIZE)

const RUNS_PER_HISTORY = 200

/** Keeps one reader of L1 running, for ever. All it reads and tells is the activity's. */
export async function synchronizerWorkflow(runsPerHistory = RUNS_PER_HISTORY): Promise<never> {
  for (let run = 0; run < runsPerHistory && !wf.workflowInfo().continueAsNewSuggested; run++) {
    await synchronize.executeWithOptions({ summary: 'read L1, tell the batches' }, [])
  }
  return await wf.continueAsNew<typeof synchronizerWorkflow>(runsPerHistory)
}
