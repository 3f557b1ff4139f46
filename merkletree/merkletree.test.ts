import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bigIntToBytes } from '#common/bytes.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { createCachedNodeStore } from './cachedNodeStore.ts'
import { flipKeyBit, keyBit, restoreKey, writeRemainingKey } from './keyBits.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import { poseidon } from './poseidon.ts'
import { readTree, type TreeChange, updateTree } from './tree.ts'
import { MissingNodeError } from './walk.ts'
import { decodeWitness, encodeWitness, RecordingNodeStore, WitnessError } from './witness.ts'
import { bigIntToWords } from './words.ts'

/** Keys that share long prefixes, so that leaves are pushed down and move up. */
const key = fc.oneof(
  fc.bigInt({ min: 0n, max: 63n }),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.bigInt({ min: 0n, max: 7n }).map((n) => n << 253n),
  fc.bigInt({ min: 0n, max: 3n }).map((n) => n << 64n),
)
const change = fc.tuple(key, fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })))
const groups = fc.array(fc.array(change, { maxLength: 12 }), { minLength: 1, maxLength: 8 })

const toChange = ([key, value]: readonly [bigint, bigint]): TreeChange => ({ key: bigIntToBytes(key, 32), value })

/** The definition: a subtree is nothing, its only leaf, or the hash of its halves. */
function naiveRoot(leaves: readonly (readonly [bigint, bigint])[]): Hash {
  const limbs = (value: bigint) => Array.from({ length: 8 }, (_, i) => (value >> BigInt(32 * i)) & 0xffffffffn)
  const elements = (value: bigint) =>
    Array.from({ length: 4 }, (_, i) => (value >> BigInt(64 * i)) & 0xffffffffffffffffn)
  const subtree = (set: readonly (readonly [bigint[], bigint])[], depth: number): bigint[] => {
    if (set.length === 0) return [0n, 0n, 0n, 0n]
    if (set.length === 1) {
      const [k, value] = set[0]!
      const rest = k.map((e, i) => e >> BigInt(Math.floor(depth / 4) + (i < depth % 4 ? 1 : 0)))
      return poseidon([...rest, ...poseidon(limbs(value), [0n, 0n, 0n, 0n])], [1n, 0n, 0n, 0n])
    }
    const side = (bit: bigint) =>
      subtree(
        set.filter(([k]) => ((k[depth % 4]! >> BigInt(Math.floor(depth / 4))) & 1n) === bit),
        depth + 1,
      )
    return poseidon([...side(0n), ...side(1n)], [0n, 0n, 0n, 0n])
  }
  const root = subtree(
    leaves.map(([k, v]) => [elements(k), v] as const),
    0,
  )
  return `0x${root
    .reduceRight((sum, e) => (sum << 64n) | e, 0n)
    .toString(16)
    .padStart(64, '0')}` as Hash
}

async function applyGroups(changes: readonly (readonly (readonly [bigint, bigint])[])[]) {
  const store = new MemoryNodeStore()
  let root = ZERO_HASH
  for (const group of changes) {
    const updated = await updateTree(store, root, group.map(toChange))
    store.add(updated.newNodes)
    root = updated.root
  }
  return { store, root }
}

test('any grouping of inserts, overwrites and deletes gives the root of the definition', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (changes) => {
      const last = new Map(changes.flat())
      const leaves = [...last].filter(([, value]) => value !== 0n)
      const { store, root } = await applyGroups(changes)
      expect(root).toBe(naiveRoot(leaves))
      const keys = [...last.keys()].map((k) => bigIntToBytes(k, 32))
      expect(await readTree(store, root, keys)).toEqual([...last.values()])
    }),
    { numRuns: 300 },
  )
})

test('an update makes only nodes of the new tree, and none that was there', async () => {
  await fc.assert(
    fc.asyncProperty(groups, fc.array(change, { minLength: 1, maxLength: 12 }), async (changes, more) => {
      const { store, root } = await applyGroups(changes)
      const updated = await updateTree(store, root, more.map(toChange))
      const recorder = new RecordingNodeStore(store)
      await updateTree(recorder, root, more.map(toChange))
      const again = await updateTree(store, updated.root === root ? root : ZERO_HASH, [])
      expect(again.newNodes).toEqual([])
      expect(recorder.nodes.length).toBeLessThanOrEqual(store.size)
      if (updated.root === root) expect(updated.newNodes).toEqual([])
    }),
    { numRuns: 100 },
  )
})

test('a whole key comes back from what is left of it at any depth', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.nat(256), (k, depth) => {
      const words = bigIntToWords(k)
      const path = words.slice()
      for (let level = depth; level < 256; level++) flipKeyBit(path, 0, level)
      const restored = new Uint32Array(8)
      writeRemainingKey(words, 0, depth, restored, 0)
      restoreKey(restored, 0, path, 0, depth)
      expect(restored).toEqual(words)
      if (depth < 256) expect(keyBit(words, 0, depth)).not.toBe(keyBit(path, 0, depth))
    }),
  )
})

test('a store without a node of the path is named, with the path', async () => {
  const { root } = await applyGroups([
    [
      [1n, 1n],
      [3n, 1n],
    ],
  ])
  const empty = new MemoryNodeStore()
  await expect(updateTree(empty, root, [toChange([1n, 2n])])).rejects.toThrow(/path=/)
  await expect(readTree(empty, root, [bigIntToBytes(1n, 32)])).rejects.toBeInstanceOf(MissingNodeError)
})

test('the cache serves what it saw and stays within its bound', async () => {
  const { store, root } = await applyGroups([Array.from({ length: 200 }, (_, i) => [BigInt(i), 1n] as const)])
  let trips = 0
  const counted = {
    getNodes: (hashes: readonly Uint8Array[]) => {
      trips++
      return store.getNodes(hashes)
    },
  }
  const cache = createCachedNodeStore(counted, { maxNodes: 2000 })
  const keys = [bigIntToBytes(7n, 32)]
  await readTree(cache, root, keys)
  const first = trips
  await readTree(cache, root, keys)
  expect(first).toBeGreaterThan(0)
  expect(trips).toBe(first)
  const tiny = createCachedNodeStore(counted, { maxNodes: 2 })
  expect(await readTree(tiny, root, keys)).toEqual([1n])
})

test('a witness holds what an update and reads need, and gives the same result', async () => {
  await fc.assert(
    fc.asyncProperty(groups, fc.array(change, { minLength: 1, maxLength: 10 }), async (changes, more) => {
      const { store, root } = await applyGroups(changes)
      const recorder = new RecordingNodeStore(store)
      const work = more.map(toChange)
      const expected = await updateTree(recorder, root, work)
      const values = await readTree(
        recorder,
        root,
        work.map(({ key }) => key),
      )
      const code = new Uint8Array([1, 2, 3])
      const witness = decodeWitness(encodeWitness(root, recorder.nodes, new Map([[root, code]])))
      expect(witness.root).toBe(root)
      expect((await updateTree(witness.store, witness.root, work)).root).toBe(expected.root)
      expect(
        await readTree(
          witness.store,
          witness.root,
          work.map(({ key }) => key),
        ),
      ).toEqual(values)
      expect([...witness.codes.values()]).toEqual([code])
    }),
    { numRuns: 100 },
  )
})

test('no byte of a witness can change without being noticed', async () => {
  const { store, root } = await applyGroups([
    Array.from({ length: 40 }, (_, i) => [BigInt(i * 977), BigInt(i + 1)] as const),
  ])
  const recorder = new RecordingNodeStore(store)
  await updateTree(recorder, root, [toChange([977n, 5n]), toChange([5n, 1n]), toChange([977n * 3n, 0n])])
  const bytes = encodeWitness(root, recorder.nodes)
  for (let index = 0; index < bytes.length; index++) {
    for (const bit of [0, 3, 7]) {
      const altered = bytes.slice()
      altered[index]! ^= 1 << bit
      expect(rootOf(altered)).not.toBe(root)
    }
    expect(rootOf(bytes.subarray(0, index))).toBe('refused')
  }
})

function rootOf(bytes: Uint8Array): Hash | 'refused' {
  try {
    return decodeWitness(bytes).root
  } catch (error) {
    expect(error).toBeInstanceOf(WitnessError)
    return 'refused'
  }
}
