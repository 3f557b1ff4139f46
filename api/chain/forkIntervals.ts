import { forkIdOf, readForkUpgrades } from '#db/forkUpgrades.ts'
import { getForkRules, SUPPORTED_FORK_IDS } from '#protocol/forks.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'

/** Batches of one fork. `l1BlockNumber`: where L1 said so. `toBatch` is undefined for the fork that still holds. */
export type ForkInterval = {
  forkId: number
  name: string
  fromBatch: number
  toBatch: number | undefined
  l1BlockNumber: number
}

/** Oldest first, without gaps from batch 1 on. */
export async function readForkIntervals({ db, network }: Pick<ApiDeps, 'db' | 'network'>): Promise<ForkInterval[]> {
  const upgrades = await readForkUpgrades(db)
  const starts = [...new Set([1, ...upgrades.map(({ fromBatch }) => Math.max(1, fromBatch))])].sort((a, b) => a - b)
  const intervals: ForkInterval[] = []
  for (const fromBatch of starts) {
    const forkId = forkIdOf(upgrades, fromBatch as BatchNumber) ?? network.forkId
    const before = intervals.at(-1)
    if (before?.forkId === forkId) continue
    if (before !== undefined) before.toBatch = fromBatch - 1
    const told = upgrades.find((upgrade) => upgrade.fromBatch <= fromBatch)
    const name = SUPPORTED_FORK_IDS.includes(forkId) ? getForkRules(forkId).name : ''
    const l1BlockNumber = told?.l1BlockNumber ?? network.l1StartBlock
    intervals.push({ forkId, name, fromBatch, toBatch: undefined, l1BlockNumber })
  }
  return intervals
}
