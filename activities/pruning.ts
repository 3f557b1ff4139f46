import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { advanceHorizon, type Horizon, removeHistory } from '#db/pruning.ts'
import { whileHeartbeating } from './heartbeat.ts'

export type PruningActivities = ReturnType<typeof createPruningActivities>

/** Of one database transaction, which is short. */
const TRANSACTIONS_PER_STEP = 100

type Dependencies = {
  db: Database
  logger: Pick<Logger, 'info'>
  pruning: { keepBlocks?: number | undefined; intervalMs: number }
  transactionsPerStep?: number
}

export type Pruned = Horizon & { removedBatches: number; intervalMs: number }

export const createPruningActivities = ({
  db,
  logger,
  pruning: { keepBlocks, intervalMs },
  transactionsPerStep = TRANSACTIONS_PER_STEP,
}: Dependencies) => ({
  /**
   * Removes what is behind the horizon, then moves the horizon on. So between the two lies the time until the next call:
   * whoever began to read what goes has ended by then. undefined when all history is to be kept.
   */
  async pruneHistory(): Promise<Pruned | undefined> {
    if (keepBlocks === undefined) return undefined
    return await whileHeartbeating(async ({ signal, onProgress }) => {
      for (;;) {
        const step = await db.transaction((tx) => removeHistory(tx, transactionsPerStep))
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
