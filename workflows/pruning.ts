import * as wf from '@temporalio/workflow'
import type { PruningActivities } from '#activities/pruning.ts'
import { PRUNE } from './retryPolicies.ts'

const { pruneHistory } = wf.proxyActivities<PruningActivities>(PRUNE)

const RUNS_PER_HISTORY = 200

/**
 * Removes history that is older than the node has to keep, again and again; ends when the configuration wants all of it
 * kept. How far it is stands in the State DB.
 */
export async function pruningWorkflow(runsPerHistory = RUNS_PER_HISTORY): Promise<void> {
  for (let run = 0; run < runsPerHistory && !wf.workflowInfo().continueAsNewSuggested; run++) {
    const pruned = await pruneHistory.executeWithOptions({ summary: 'remove old history' }, [])
    if (pruned === undefined) return
    const { oldestBatch, oldestBlock, removedBatches, intervalMs } = pruned
    wf.setCurrentDetails(
      `History begins at block **${oldestBlock}**, batch **${oldestBatch}**. Batches before ${removedBatches} are removed.`,
    )
    await wf.sleep(intervalMs)
  }
  await wf.continueAsNew<typeof pruningWorkflow>(runsPerHistory)
}
