import { expect, test } from 'vitest'
import type { SnapshotFacts } from '#db/snapshotFacts.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { checkAgainstL1 } from './checkL1.ts'

const facts: Pick<SnapshotFacts, 'network' | 'l1Blocks' | 'sequences' | 'verifications'> = {
  network: { chainId: 1001, l1ChainId: 1, rollupManager: addressOf(1), rollupId: 1, genesisRoot: hashOf(0) },
  l1Blocks: [30, 20, 10].map((blockNumber) => ({ blockNumber, hash: hashOf(blockNumber) })),
  sequences: [
    { toBatch: 6, accInputHash: hashOf(0xa6), l1BlockNumber: 30 },
    { toBatch: 4, accInputHash: hashOf(0xa4), l1BlockNumber: 10 },
  ],
  verifications: [{ toBatch: 4, stateRoot: hashOf(0xb4), l1BlockNumber: 20 }],
}

type Difference = { head?: number; replacedFrom?: number; accInputHash?: Hash; isRolledBack?: boolean }

/** An L1 that has what the facts say, but for a difference. */
const l1With = ({ head = 40, replacedFrom = 99, accInputHash, isRolledBack = false }: Difference) => ({
  checkNetwork: async () => {},
  getBlock: async (tag: number | string) => {
    const number = typeof tag === 'number' ? tag : head
    const hash = number >= replacedFrom ? hashOf(number + 1000) : hashOf(number)
    return { number, hash, parentHash: hashOf(number - 1), timestamp: 0 }
  },
  readSequencedBatches: async (toBatch: number) => ({
    ...{ accInputHash: (toBatch === 6 ? accInputHash : undefined) ?? hashOf(0xa0 + toBatch) },
    ...{ sequencedTimestamp: 0, previousLastBatchSequenced: 0 },
  }),
  readStateRoot: async (batchNumber: number) => hashOf(0xb0 + batchNumber),
  isRolledBack: async () => isRolledBack,
})

test('an L1 that has all of it', async () => {
  expect(await checkAgainstL1(l1With({}), facts)).toEqual({ l1Block: 30, sequences: 2, verifications: 1 })
})

test('what a reorg of L1 replaced is left to the synchronizer, and not compared', async () => {
  const reorged = await checkAgainstL1(l1With({ replacedFrom: 25, accInputHash: hashOf(7) }), facts)
  expect(reorged).toEqual({ l1Block: 20, sequences: 1, verifications: 1, reorgedFrom: 21 })
})

test('a sequence that L1 rolled back since is no fault', async () => {
  const rolledBack = l1With({ accInputHash: ZERO_HASH, isRolledBack: true })
  expect(await checkAgainstL1(rolledBack, facts)).toMatchObject({ sequences: 1, l1Block: 30 })
})

test.each<[string, Difference, string]>([
  ['is behind', { head: 29 }, 'L1 is behind the snapshot'],
  ['has none of the blocks', { replacedFrom: 1 }, 'it is of another chain. from=10 to=30'],
  ['has another accInputHash', { accInputHash: hashOf(7) }, 'L1 has another accInputHash. batch=6'],
  ['does not have the sequence', { accInputHash: ZERO_HASH }, 'L1 has another accInputHash. batch=6'],
])('an L1 that %s is refused', async (_, difference, message) => {
  await expect(checkAgainstL1(l1With(difference), facts)).rejects.toThrow(message)
})
