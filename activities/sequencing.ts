import { cancellationSignal, heartbeat } from '@temporalio/activity'
import { BatchNumber } from '#protocol/primitives.ts'
import type { Sequencer } from '#sequencer/sequencer.ts'
import { batchSealed, SEQUENCER_WORKFLOW_ID } from '#workflows/messages.ts'
import type { Tell } from './tell.ts'

export type SequencingActivities = ReturnType<typeof createSequencingActivities>

const HEARTBEAT_EVERY_MS = 1000

/** Says every second that the activity lives, with where it is, until `work` ends. */
async function alive<T>(progress: () => unknown, work: Promise<T>): Promise<T> {
  heartbeat(progress())
  const timer = setInterval(() => heartbeat(progress()), HEARTBEAT_EVERY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

type Dependencies = { sequencer: Sequencer; tell: Tell }

export const createSequencingActivities = ({ sequencer, tell }: Dependencies) => ({
  /** Waits until what L1 knows is in the State DB; then the batch to go on with. */
  prepareSequencer(): Promise<{ nextBatch: number; forkId: number }> {
    return alive(() => sequencer.progress(), sequencer.prepare(cancellationSignal()))
  },

  /**
   * Fills the batch until it closes, and tells the sequencer workflow. Each L2 block is one database transaction, so a repeated attempt goes on with the
   * block after the last stored one, and an attempt that lost the lease cannot write. `closeNow`: as soon as it holds a
   * block.
   */
  async collectBatch({
    batchNumber,
    closeNow = false,
  }: {
    batchNumber: number
    closeNow?: boolean
  }): Promise<{ txCount: number; blockCount: number; closingReason: string }> {
    const batch = BatchNumber(batchNumber)
    const closed = await alive(
      () => sequencer.progressOf(batch),
      sequencer.collect(batch, cancellationSignal(), { closeNow }),
    )
    await tell(SEQUENCER_WORKFLOW_ID, batchSealed, { batchNumber })
    return closed
  },
})
