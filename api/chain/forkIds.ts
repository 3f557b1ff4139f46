import type { Queryable } from '#db/client.ts'
import { type ForkUpgradeRow, forkIdOf, readForkUpgrades } from '#db/forkUpgrades.ts'
import type { BatchNumber } from '#protocol/primitives.ts'

const MAX_AGE_MS = 5000

/** Fork of a batch. Upgrades are rare: what L1 said of them is read again only every few seconds. */
export type ForkIds = (batchNumber: BatchNumber) => Promise<number>

export function createForkIds(db: Queryable, initial: number): ForkIds {
  let upgrades: Promise<ForkUpgradeRow[]> | undefined
  let readAt = Number.NEGATIVE_INFINITY
  return async (batchNumber) => {
    if (Date.now() - readAt > MAX_AGE_MS) {
      readAt = Date.now()
      const reading = readForkUpgrades(db)
      upgrades = reading
      reading.catch(() => (readAt = Number.NEGATIVE_INFINITY))
    }
    return forkIdOf(await upgrades!, batchNumber) ?? initial
  }
}
