import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { readTree, type TreeChange, updateTree } from '#merkletree/tree.ts'
import { decodeWitness, encodeWitness, RecordingNodeStore } from '#merkletree/witness.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { medianCpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const randomChanges = (count: number): TreeChange[] =>
  Array.from({ length: count }, () => ({ key: randomBytes(32), value: BigInt(`0x${randomBytes(32).toString('hex')}`) }))

const BLOCKS = 40
const KEYS_PER_BLOCK = 200

/** Block after block of random keys of a tree, through a cache over a store that takes a millisecond to answer. */
async function writeBlocks(store: NodeStore, root: Hash, keys: readonly Uint8Array[]) {
  let requests = 0
  const cache = createCachedNodeStore({
    async getNodes(hashes) {
      requests++
      await setTimeout(1)
      return store.getNodes(hashes)
    },
  })
  const anyKey = () => keys[Math.floor(Math.random() * keys.length)]!
  const blocks = Array.from({ length: BLOCKS + 1 }, () =>
    randomChanges(KEYS_PER_BLOCK).map(({ value }) => ({ key: anyKey(), value })),
  )
  let current = root
  const secondsPerBlock = await medianCpuSeconds(BLOCKS, async () => {
    const updated = await updateTree(cache, current, blocks.pop()!)
    cache.add(updated.newNodes)
    current = updated.root
  })
  return { keysPerCpuSecond: Math.round(KEYS_PER_BLOCK / secondsPerBlock), requestsPerBlock: requests / (BLOCKS + 1) }
}

/** Keys per CPU second: written into an empty and a large tree, through a cache, read, and checked from a witness. */
export async function run(): Promise<BenchResult> {
  const fresh = randomChanges(10_000)
  const insert = await medianCpuSeconds(15, () => updateTree(new MemoryNodeStore(), ZERO_HASH, fresh))
  const store = new MemoryNodeStore()
  const large = randomChanges(100_000)
  const { root, newNodes } = await updateTree(store, ZERO_HASH, large)
  store.add(newNodes)
  const some = large.filter((_, index) => index % 100 === 0).map(({ key, value }) => ({ key, value: value ^ 1n }))
  const update = await medianCpuSeconds(25, () => updateTree(store, root, some))
  const keys = some.map(({ key }) => key)
  const read = await medianCpuSeconds(9, () => readTree(store, root, keys))
  const blocks = await writeBlocks(
    store,
    root,
    large.map(({ key }) => key),
  )
  const recorder = new RecordingNodeStore(store)
  await updateTree(recorder, root, some)
  const witness = encodeWitness(root, recorder.nodes)
  const decode = await medianCpuSeconds(5, () => decodeWitness(witness))
  return {
    name: 'tree',
    rows: [
      { what: '10,000 random keys into an empty tree', keysPerCpuSecond: Math.round(10_000 / insert) },
      { what: '1,000 of 100,000 keys', keysPerCpuSecond: Math.round(1000 / update) },
      {
        what: `blocks of ${KEYS_PER_BLOCK} of 100,000 keys, cached`,
        keysPerCpuSecond: blocks.keysPerCpuSecond,
        requestsPerBlock: Math.round(blocks.requestsPerBlock),
      },
      { what: '1,000 of 100,000 keys, read', keysPerCpuSecond: Math.round(1000 / read) },
      {
        what: 'the same, checked from a witness',
        keysPerCpuSecond: Math.round(1000 / decode),
        witnessBytesPerKey: Math.round(witness.length / 1000),
      },
    ],
  }
}
