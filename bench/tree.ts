import { randomBytes } from 'node:crypto'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { readTree, type TreeChange, updateTree } from '#merkletree/tree.ts'
import { decodeWitness, encodeWitness, RecordingNodeStore } from '#merkletree/witness.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { medianCpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const randomChanges = (count: number): TreeChange[] =>
  Array.from({ length: count }, () => ({ key: randomBytes(32), value: BigInt(`0x${randomBytes(32).toString('hex')}`) }))

/** Keys per CPU second, in memory: written into an empty and a large tree, read, and checked from a witness. */
export async function run(): Promise<BenchResult> {
  const fresh = randomChanges(10_000)
  const insert = await medianCpuSeconds(7, () => updateTree(new MemoryNodeStore(), ZERO_HASH, fresh))
  const store = new MemoryNodeStore()
  const large = randomChanges(100_000)
  const { root, newNodes } = await updateTree(store, ZERO_HASH, large)
  store.add(newNodes)
  const some = large.filter((_, index) => index % 100 === 0).map(({ key, value }) => ({ key, value: value ^ 1n }))
  const update = await medianCpuSeconds(9, () => updateTree(store, root, some))
  const keys = some.map(({ key }) => key)
  const read = await medianCpuSeconds(9, () => readTree(store, root, keys))
  const recorder = new RecordingNodeStore(store)
  await updateTree(recorder, root, some)
  const witness = encodeWitness(root, recorder.nodes)
  const decode = await medianCpuSeconds(5, () => decodeWitness(witness))
  return {
    name: 'tree',
    rows: [
      { what: '10,000 random keys into an empty tree', keysPerCpuSecond: Math.round(10_000 / insert) },
      { what: '1,000 of 100,000 keys', keysPerCpuSecond: Math.round(1000 / update) },
      { what: '1,000 of 100,000 keys, read', keysPerCpuSecond: Math.round(1000 / read) },
      {
        what: 'the same, checked from a witness',
        keysPerCpuSecond: Math.round(1000 / decode),
        witnessBytesPerKey: Math.round(witness.length / 1000),
      },
    ],
  }
}
