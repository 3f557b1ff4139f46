import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { type Hash, InvalidValueError, ZERO_HASH } from '#protocol/primitives.ts'
import { createCachedNodeStore } from './cachedNodeStore.ts'
import { flipKeyBit, keyBit, restoreKey, writeRemainingKey } from './keyBits.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import {
  anyChanges,
  anyGroups,
  buildTree,
  expectRootsOfDefinition,
  keyLeaving,
  regrouped,
  rootByDefinition,
  toChange,
  toKey,
  type WritableStore,
} from './testTrees.ts'
import { readTree, updateTree } from './tree.ts'
import { DamagedNodeError, MissingNodeError } from './walk.ts'
import { bigIntToWords } from './words.ts'

const stores: Record<string, () => WritableStore> = {
  memory: () => {
    const store = new MemoryNodeStore()
    return { store, add: (nodes) => store.add(nodes) }
  },
  'a cache that holds few nodes': () => {
    const below = new MemoryNodeStore()
    const store = createCachedNodeStore(below, { maxNodes: 10 })
    return {
      store,
      add: (nodes) => {
        below.add(nodes)
        store.add(nodes)
      },
    }
  },
  'a cache that is told nothing': () => {
    const below = new MemoryNodeStore()
    return { store: createCachedNodeStore(below), add: (nodes) => below.add(nodes) }
  },
}

test.each(Object.entries(stores))(
  'any inserts, overwrites and deletes give the roots of the definition: %s',
  {
    timeout: 60_000,
  },
  async (_, createStore) => {
    await fc.assert(
      fc.asyncProperty(anyGroups, async (groups) => {
        await expectRootsOfDefinition(groups, createStore())
      }),
      { numRuns: 40 },
    )
  },
)

test('the order and grouping of changes do not matter, nor what was there in between', {
  timeout: 60_000,
}, async () => {
  const twice = anyGroups.chain((groups) => fc.tuple(fc.constant(groups), regrouped(groups)))
  await fc.assert(
    fc.asyncProperty(twice, async ([groups, others]) => {
      const { root } = await buildTree(groups)
      expect((await buildTree(others)).root).toBe(root)
      expect((await buildTree([groups.flat()])).root).toBe(root)
      expect((await buildTree(groups.flat().map((change) => [change]))).root).toBe(root)
    }),
    { numRuns: 40 },
  )
})

test('leaves that part at any level move up again when they are left alone', { timeout: 60_000 }, async () => {
  const [base, rest] = [0x123456789abcdefn << 130n, 0x0fedcba987654321n << 66n]
  for (let level = 0; level < 248; level += 7) {
    const pair = [
      [base, 5n],
      [keyLeaving(base, level, rest), 6n],
    ] as const
    const { store, root } = await buildTree([pair])
    expect(root).toBe(rootByDefinition(pair))
    for (const [gone, left] of [pair, pair.toReversed()] as const)
      expect((await updateTree(store, root, [toChange([gone![0], 0n])])).root).toBe(rootByDefinition([left!]))
  }
})

test('an update makes only nodes that the new tree has', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyGroups, anyChanges, async (groups, changes) => {
      const { store, root } = await buildTree(groups)
      const updated = await updateTree(store, root, changes.map(toChange))
      if (updated.root === root) expect(updated.newNodes).toEqual([])
      store.add(updated.newNodes)
      const ofNewTree = await reachable(store, updated.root)
      for (const { hash } of updated.newNodes) expect(ofNewTree).toContain(bytesToHex(hash))
    }),
    { numRuns: 40 },
  )
})

async function reachable(store: MemoryNodeStore, root: Hash): Promise<Set<string>> {
  const seen = new Set<string>()
  const open = [root as string]
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    if (hash === ZERO_HASH) continue
    seen.add(hash)
    const [data] = await store.getNodes([hexToBytes(hash)])
    if (data!.length === 64) open.push(bytesToHex(data!.subarray(0, 32)), bytesToHex(data!.subarray(32)))
  }
  return seen
}

test('writing what is there already makes nothing', async () => {
  const leaves = [1n, 2n, 9n, 9n << 130n].map((key) => [key, key + 5n] as const)
  const { store, root } = await buildTree([leaves])
  expect(await updateTree(store, root, leaves.map(toChange))).toMatchObject({ root, newNodes: [] })
  expect(await updateTree(store, root, [toChange([77n, 0n])])).toMatchObject({ root, newNodes: [] })
})

test('reads of keys that come twice, or are not there, answer each', async () => {
  const { store, root } = await buildTree([
    [
      [1n, 7n],
      [3n, 8n],
    ],
  ])
  expect(await readTree(store, root, [3n, 1n, 3n, 5n, 0n].map(toKey))).toEqual([8n, 7n, 8n, 0n, 0n])
  expect(await readTree(store, ZERO_HASH, [toKey(1n)])).toEqual([0n])
})

test('a path is loaded with one request a level', async () => {
  const { store, root } = await buildTree([Array.from({ length: 64 }, (_, i) => [BigInt(i), 1n] as const)])
  let requests = 0
  const counted = {
    getNodes: (hashes: readonly Uint8Array[]) => {
      requests++
      return store.getNodes(hashes)
    },
  }
  await updateTree(counted, root, [toChange([1n, 5n]), toChange([2n, 5n]), toChange([63n, 0n])])
  expect(requests).toBe(22) // 64 keys differ in the first element only: bit 5 is level 20, leaves are at 21
})

test('a whole key comes back from what is left of it at any depth', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.nat(256), (key, depth) => {
      const words = bigIntToWords(key)
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

test('a node that the store lacks is named, with its path', async () => {
  const { store, root, nodes } = await buildTree([
    [
      [1n, 1n],
      [2n, 1n],
    ],
  ])
  const empty = new MemoryNodeStore()
  await expect(updateTree(empty, root, [toChange([1n, 2n])])).rejects.toBeInstanceOf(MissingNodeError)
  await expect(readTree(empty, root, [toKey(1n)])).rejects.toThrow(`hash=${root} depth=0 path=`)
  const [data] = await store.getNodes([hexToBytes(root)])
  const onlyTop = new MemoryNodeStore()
  onlyTop.add(nodes.filter(({ hash }) => bytesToHex(hash) === root))
  const right = bytesToHex(data!.subarray(32))
  await expect(readTree(onlyTop, root, [toKey(1n)])).rejects.toThrow(`hash=${right} depth=1 path=1`)
})

test('something that is no node is refused', async () => {
  const { root } = await buildTree([[[1n, 1n]]])
  for (const data of [new Uint8Array(63), new Uint8Array(65)]) {
    const damaged = { getNodes: async () => [data] }
    await expect(readTree(damaged, root, [toKey(1n)])).rejects.toBeInstanceOf(DamagedNodeError)
  }
  const endless = { getNodes: async () => [new Uint8Array(64).fill(1)] }
  await expect(readTree(endless, root, [toKey(1n)])).rejects.toThrow('deeper')
})

test.each([-1n, 2n ** 256n])('%d is refused as a value', async (value) => {
  const refused = updateTree(new MemoryNodeStore(), ZERO_HASH, [{ key: toKey(1n), value }])
  await expect(refused).rejects.toBeInstanceOf(InvalidValueError)
})

test('the worked examples of the protocol: inserts, an overwrite and deletes', async () => {
  const balance = hexToBytes('0x649e63bfe1247ba44c2f3e938869b82dd24df1950f2d8f15cddc57c0d0fdd4ed')
  const nonce = hexToBytes('0xda69a3c4a8007a5a2879c9cc37ea44a26a4178e8c2545d53885eeae74812f9e5')
  const steps: [Uint8Array, bigint, string][] = [
    [balance, 10n ** 18n, '0x0a7fc1bba701900f478194e9be7fd8554d4cbc995c0cbef98d425fc0f55749ed'],
    [nonce, 7n, '0x6eb87260ee696572206b314f9816ac5aad9ba0a99f5a1305ab20be2b2e6f2433'],
    [balance, 2n ** 255n + 5n, '0x249ec833a55be83890ceb6c3e3a3bed79b00af1dfb234eb6ebeb0c71f207e343'],
    [nonce, 0n, '0x3a588126c8c7663ba20dd9fe28db0efec8178ef3bdbb91c28ff9567d83e1ef29'],
    [balance, 0n, ZERO_HASH],
  ]
  const store = new MemoryNodeStore()
  let root = ZERO_HASH
  for (const [key, value, expected] of steps) {
    const updated = await updateTree(store, root, [{ key, value }])
    store.add(updated.newNodes)
    root = updated.root
    expect(root).toBe(expected)
  }
})
