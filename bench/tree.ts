import { randomBytes } from 'node:crypto'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { type TreeChange, updateTree } from '#merkletree/tree.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { medianCpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const randomChanges = (count: number): TreeChange[] =>
  Array.from({ length: count }, () => ({ key: randomBytes(32), value: BigInt(`0x${randomBytes(32).toString('hex')}`) }))

/** Keys written per CPU second: many into an empty tree, and some into a large one. In memory. */
export async function run(): Promise<BenchResult> {
  const fresh = randomChanges(10_000)
  const insert = await medianCpuSeconds(7, () => updateTree(new MemoryNodeStore(), ZERO_HASH, fresh))
  const store = new MemoryNodeStore()
  const large = randomChanges(100_000)
  const { root, newNodes } = await updateTree(store, ZERO_HASH, large)
  store.add(newNodes)
  const some = large.filter((_, index) => index % 100 === 0).map(({ key, value }) => ({ key, value: value ^ 1n }))
  const update = await medianCpuSeconds(9, () => updateTree(store, root, some))
  return {
    name: 'tree',
    rows: [
      { what: '10,000 random keys into an empty tree', keysPerCpuSecond: Math.round(10_000 / insert) },
      { what: '1,000 of 100,000 keys', keysPerCpuSecond: Math.round(1000 / update) },
    ],
  }
}
