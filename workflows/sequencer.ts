import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import * as wf from '@temporalio/workflow'
import type { BatchActivities } from '#activities/batches.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'
import { COLLECT, DATABASE } from './retryPolicies.ts'

const { prepareSequencer } = wf.proxyActivities<Pick<SequencingActivities, 'prepareSequencer'>>(COLLECT)
const database = wf.proxyActivities<BatchActivities>(DATABASE)

/** As many batches are open as were sealed within `loadWindowMs`, 5 seconds when absent. */
type Limits = { batchesPerRun: number; reconcileMs: number; loadWindowMs?: number }
const LIMITS: Limits = { batchesPerRun: 100, reconcileMs: 60_000 }
/** At rest the batch that collects and the one that takes over without a gap; under load more take their places early. */
const OPEN_BATCHES = { atLeast: 2, atMost: 6 }
const LOAD_WINDOW_MS = 5000

/** Where a run takes over from the one before; nothing for the first. `sealedAt`: when the last batches were, ms. */
export type SequencerState = { next: number; forkId: number; open: number[]; sealedAt?: number[] }

/**
 * Starts one batch workflow after another, each a little ahead of its turn. Children are abandoned: neither this
 * workflow's end nor its next run touches them.
 */
export async function sequencerWorkflow(state?: SequencerState, limits = LIMITS): Promise<never> {
  const followsLoad = wf.patched('open-batches-follow-load')
  const sealed = new Set<number>()
  let sealedAt = state?.sealedAt ?? []
  const recordSealed = ({ batchNumber }: { batchNumber: number }) => {
    sealed.add(batchNumber)
    sealedAt = [...sealedAt, Date.now()].slice(-OPEN_BATCHES.atMost)
  }
  wf.setHandler(messages.batchSealed, recordSealed, {
    description: 'A batch closed: the next one takes over',
  })
  if (state === undefined) {
    const summary = 'wait until L1 is read and the last batch is known'
    const { nextBatch, forkId } = await prepareSequencer.executeWithOptions({ summary }, [])
    state = { next: nextBatch, forkId, open: [] }
  }
  const { forkId } = state
  let { next, open } = state
  const { loadWindowMs = LOAD_WINDOW_MS } = limits
  const wanted = () => {
    if (!followsLoad) return OPEN_BATCHES.atLeast
    const recently = sealedAt.filter((sealedAtMs) => sealedAtMs > Date.now() - loadWindowMs).length
    return Math.min(OPEN_BATCHES.atMost, Math.max(OPEN_BATCHES.atLeast, recently))
  }
  const hasRoom = () => {
    open = open.filter((batchNumber) => !sealed.delete(batchNumber))
    return open.length < wanted()
  }
  /** A seal that nobody told: batches close in order, so the first that is open ends the search. */
  const lookForSealed = async () => {
    for (const batchNumber of [...open]) {
      const { closed } = await database.readBatch({ batchNumber })
      if (closed) sealed.add(batchNumber)
      else if (followsLoad) return
    }
  }

  for (let started = 0; started < limits.batchesPerRun && !wf.workflowInfo().continueAsNewSuggested; ) {
    const missing = followsLoad ? Math.max(1, wanted() - open.length) : 1
    const starting = Array.from({ length: missing }, () => next++)
    await Promise.all(starting.map((batchNumber) => startBatch(batchNumber, forkId)))
    open = [...open, ...starting]
    started += missing
    wf.setCurrentDetails(`Open: **${open.map((batchNumber) => `batch ${batchNumber}`).join(', ')}**`)
    while (!(await wf.condition(hasRoom, limits.reconcileMs, { summary: 'look for closed batches' })))
      await lookForSealed()
  }
  await wf.condition(wf.allHandlersFinished)
  const stillOpen = open.filter((batchNumber) => !sealed.has(batchNumber))
  const handedOver = { next, forkId, open: stillOpen, ...(followsLoad ? { sealedAt } : {}) }
  return await wf.continueAsNew<typeof sequencerWorkflow>(handedOver, limits)
}

async function startBatch(batchNumber: number, forkId: number): Promise<void> {
  try {
    await wf.startChild(batchWorkflow, {
      workflowId: messages.batchWorkflowId(batchNumber),
      taskQueue: messages.TASK_QUEUE.batch,
      args: [{ batchNumber, forkId, form: 3 }],
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
