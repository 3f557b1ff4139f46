import type { Client } from '@temporalio/client'
import type { Logger } from '#common/logger.ts'
import * as messages from '#workflows/messages.ts'

const SINGLETONS = [
  { type: 'synchronizerWorkflow', id: messages.SYNCHRONIZER_WORKFLOW_ID, summary: 'Synchronizer: reads L1' },
  { type: 'sequenceSenderWorkflow', id: messages.SEQUENCE_SENDER_WORKFLOW_ID, summary: 'Sequence sender' },
  { type: 'aggregatorWorkflow', id: messages.AGGREGATOR_WORKFLOW_ID, summary: 'Aggregator' },
  { type: 'sequencerWorkflow', id: messages.SEQUENCER_WORKFLOW_ID, summary: 'Sequencer: opens batches' },
]

/**
 * Attaches to each singleton workflow of the node or starts it: the server refuses a second run of the same id.
 * @param only of a node that does not have them all
 */
export async function startSingletons(client: Client, logger: Logger, only?: readonly string[]): Promise<void> {
  for (const { type, id, summary } of SINGLETONS) {
    if (only?.includes(id) === false) continue
    const handle = await client.workflow.start(type, {
      workflowId: id,
      taskQueue: messages.TASK_QUEUE.batch,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summary,
    })
    logger.info({ workflowId: id, runId: handle.firstExecutionRunId }, 'workflow runs')
  }
}
