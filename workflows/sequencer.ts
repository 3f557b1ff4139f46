import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import * as wf from '@temporalio/workflow'
import type { BatchActivities } from '#activities/batches.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'
import { COLLECT, DATABASE } from './retryPolicies.ts'

const { prepareSequencer } = wf.proxyActivities<Pick<SequencingActivities, 'prepareSequencer'>>(COLLECT)
const database = wf.proxyActivities<BatchActivities>(DATABASE)

const LIMITS = { batchesPerRun: 100, reconcileMs: 60_000 }
/** The batch that collects and the one that takes over without a gap when it closes. */
const OPEN_BATCHES = 2

/** Where a run takes over from the one before; nothing for the first. */
export type SequencerState = { next: number; forkId: number; open: number[] }

/**
 * Starts one batch workflow after another, each a little ahead of its turn. Children are abandoned: neither this
 * workflow's end nor its next run touches them.
 */
export async function sequencerWorkflow(state?: SequencerState, limits = LIMITS): Promise<never> {
  const sealed = new Set<number>()
  wf.setHandler(messages.batchSealed, ({ batchNumber }) => void sealed.add(batchNumber), {
    description: 'A batch closed: the next one takes over',
  })
  if (state === undefined) {
    const summary = 'wait until L1 is read and the last batch is known'
    const { nextBatch, forkId } = await prepareSequencer.executeWithOptions({ summary }, [])
    state = { next: nextBatch, forkId, open: [] }
  }
  const { forkId } = state
  let { next, open } = state

  for (let started = 0; started < limits.batchesPerRun && !wf.workflowInfo().continueAsNewSuggested; started++) {
    await startBatch(next, forkId)
    open = [...open, next++]
    wf.setCurrentDetails(`Open: **${open.map((batchNumber) => `batch ${batchNumber}`).join(', ')}**`)
    const removeSealed = () => {
      open = open.filter((batchNumber) => !sealed.delete(batchNumber))
      return open.length < OPEN_BATCHES
    }
    while (!(await wf.condition(removeSealed, limits.reconcileMs, { summary: 'look for closed batches' }))) {
      for (const batchNumber of open) {
        const { closed } = await database.readBatch({ batchNumber })
        if (closed) sealed.add(batchNumber)
      }
    }
  }
  await wf.condition(wf.allHandlersFinished)
  const stillOpen = open.filter((batchNumber) => !sealed.has(batchNumber))
  return await wf.continueAsNew<typeof sequencerWorkflow>({ next, forkId, open: stillOpen }, limits)
}

async function startBatch(batchNumber: number, forkId: number): Promise<void> {
  try {
    await wf.startChild(batchWorkflow, {
      workflowId: messages.batchWorkflowId(batchNumber),
      taskQueue: messages.TASK_QUEUE.batch,
      args: [{ batchNumber, forkId }],
      parentClosePolicy: wf.ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: [
        { key: messages.SEARCH_ATTRIBUTE.batchNumber, value: batchNumber },
        { key: messages.SEARCH_ATTRIBUTE.forkId, value: forkId },
        { key: messages.SEARCH_ATTRIBUTE.status, value: 'collecting' },
      ],
      staticSummary: `Batch ${batchNumber}`,
      staticDetails: `The life of L2 batch **${batchNumber}** (fork ${forkId}): collect, seal, sequence on L1, prove, verify.`,
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
