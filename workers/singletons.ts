import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import * as messages from '#workflows/messages.ts'

const SINGLETONS = [
  { type: 'synchronizerWorkflow', id: messages.SYNCHRONIZER_WORKFLOW_ID, summary: 'Synchronizer: reads L1' },
  { type: 'sequenceSenderWorkflow', id: messages.SEQUENCE_SENDER_WORKFLOW_ID, summary: 'Sequence sender' },
  { type: 'aggregatorWorkflow', id: messages.AGGREGATOR_WORKFLOW_ID, summary: 'Aggregator', version: 2 },
  { type: 'sequencerWorkflow', id: messages.SEQUENCER_WORKFLOW_ID, summary: 'Sequencer: opens batches' },
]

const PRUNING = {
  ...{ type: 'pruningWorkflow', id: messages.PRUNING_WORKFLOW_ID, summary: 'Pruning: removes old history' },
}

/**
 * Attaches to each singleton workflow of the node or starts it: the server refuses a second run of the same id. One whose
 * steps were written anew has a higher version: what runs of an earlier one is ended, for all that it knew is in the
 * State DB.
 * @param only of a node that does not have them all
 */
export async function startSingletons(client: Client, logger: Logger, only?: readonly string[]): Promise<void> {
  for (const singleton of SINGLETONS) if (only?.includes(singleton.id) !== false) await start(client, logger, singleton)
}

/** The one that removes history; where all is kept there is none. */
export async function startPruning(
  client: Client,
  logger: Logger,
  { pruning }: Pick<Config, 'pruning'>,
): Promise<void> {
  if (pruning.keepBlocks !== undefined) await start(client, logger, PRUNING)
}

async function start(
  client: Client,
  logger: Logger,
  { type, id, summary, version = 1 }: { type: string; id: string; summary: string; version?: number },
): Promise<void> {
  const handle = await client.workflow.start(type, {
    workflowId: id,
    taskQueue: messages.TASK_QUEUE.batch,
    workflowIdConflictPolicy: (await isOfVersion(client, id, version)) ? 'USE_EXISTING' : 'TERMINATE_EXISTING',
    memo: { version },
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: summary,
  })
  logger.info({ workflowId: id, runId: handle.firstExecutionRunId }, 'workflow runs')
}

/** Whether what runs under this id is of the version, or nothing runs. */
async function isOfVersion(client: Client, workflowId: string, version: number): Promise<boolean> {
  try {
    const { memo, status } = await client.workflow.getHandle(workflowId).describe()
    return status.name !== 'RUNNING' || (memo?.['version'] ?? 1) === version
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true
    throw error
  }
}
