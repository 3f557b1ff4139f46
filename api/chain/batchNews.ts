import { listen } from '#db/notify.ts'
import { readBatchHeads } from '#db/rpc/batches.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { readBatchStatus } from './batchStatus.ts'

/** Status of a batch, with its number under the name subscribers know. */
export type BatchNews = { number: string; state: string; [field: string]: unknown }

/**
 * Calls `tell` for each batch that opened, closed, was sequenced or verified, or is so no more, in order of their
 * numbers. Returns what ends it.
 */
export async function followBatches(
  deps: Pick<ApiDeps, 'db' | 'proofDb' | 'role' | 'logger'>,
  tell: (news: BatchNews) => void,
): Promise<() => Promise<void>> {
  const { db, logger } = deps
  let known = await readBatchHeads(db)
  let queue = Promise.resolve()

  async function look(changed: number | undefined): Promise<void> {
    const heads = await readBatchHeads(db)
    const numbers = new Set(changed === undefined ? [] : [changed])
    for (const stage of ['trusted', 'virtual', 'verified'] as const)
      for (const number of between(known[stage], heads[stage])) numbers.add(number)
    known = heads
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const status = await readBatchStatus(deps, number as BatchNumber)
      if (status !== undefined) tell({ number: status.batchNumber, ...status })
    }
  }

  const end = await listen(db, 'batch', (changed) => {
    queue = queue.then(() => look(changed)).catch((err: unknown) => logger.warn({ err }, 'cannot tell of batches'))
  })
  return async () => {
    await end()
    await queue
  }
}

/** Numbers above the lower one up to the higher one: a head that went back changes batches too. */
function between(a: number, b: number): number[] {
  const low = Math.min(a, b)
  return Array.from({ length: Math.max(a, b) - low }, (_, index) => low + 1 + index)
}
