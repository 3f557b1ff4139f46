import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { advanceHorizon, type Horizon, removeHistory } from '#db/pruning.ts'
import { whileHeartbeating } from './heartbeat.ts'

export type PruningActivities = ReturnType<typeof createPruningActivities>

/** Of one transaction: short, since it holds what it removes. */
const BATCHES_PER_STEP = 4

type Dependencies = {
  db: Database
  logger: Pick<Logger, 'info'>
  pruning: { keepBlocks?: number | undefined; intervalMs: number }
}

export type Pruned = Horizon & { removedBatches: number; intervalMs: number }

export const createPruningActivities = ({ db, logger, pruning: { keepBlocks, intervalMs } }: Dependencies) => ({
  /**
   * Removes what is behind the horizon, then moves the horizon on. So between the two lies the time until the next call:
   * whoever began to read what goes has ended by then. undefined when all history is to be kept.
   */
  async pruneHistory(): Promise<Pruned | undefined> {
    if (keepBlocks === undefined) return undefined
    return await whileHeartbeating(async ({ signal, onProgress }) => {
      for (;;) {
        const step = await db.transaction((tx) => removeHistory(tx, BATCHES_PER_STEP))
        onProgress({ stage: 'removing batches', ...step })
        signal.throwIfAborted()
        if (step.removedBatches === step.oldestBatch) break
      }
      const { oldestBatch, oldestBlock, removedBatches } = await db.transaction((tx) => advanceHorizon(tx, keepBlocks))
      logger.info({ oldestBatch, oldestBlock, removedBatches }, 'history is pruned')
      return { oldestBatch, oldestBlock, removedBatches, intervalMs }
    })
  },
})
