import fc from 'fast-check'
import { expect } from 'vitest'
import { bigIntToBytes } from '#common/bytes.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { poseidon } from './poseidon.ts'
import { readTree, type TreeChange, updateTree } from './tree.ts'

/** Trees for the tests of this room. A leaf is a key and a value, both as integers; value 0n deletes. */
export type Leaf = readonly [key: bigint, value: bigint]

const P = 0xffffffff00000001n
const wholeKey = fc
  .tuple(...Array.from({ length: 4 }, () => fc.bigInt({ min: 0n, max: P - 1n })))
  .map((elements) => elements.reduce((sum, element) => (sum << 64n) | element, 0n))

/**
 * Three base keys, and keys that leave one of them at a level between 30 and 200: leaves that deep stand alone at the
 * end of a long path, and move up all of it when their neighbour goes. Elements below 2^62 stay below p.
 */
const BASES = [0x2a5c_3f17_9be0_4d68n, 0n, 2n ** 62n - 1n].map((element) => keyOf([element, element, element, element]))
const element62 = fc.bigInt({ min: 0n, max: 2n ** 62n - 1n })
const branchingKey = fc
  .record({
    base: fc.constantFrom(...BASES),
    level: fc.integer({ min: 30, max: 200 }),
    rest: fc.tuple(element62, element62, element62, element62).map(keyOf),
  })
  .map(({ base, level, rest }) => keyLeaving(base, level, rest))

function keyOf(elements: readonly bigint[]): bigint {
  return elements.reduceRight((sum, element) => (sum << 64n) | element, 0n)
}

/** Position, in a key, of the bit that decides at a level. */
export const bitOfLevel = (level: number) => BigInt(64 * (level % 4) + Math.floor(level / 4))

/** The path of `base` down to a level, the other side there, and below it the path of `rest`. */
export function keyLeaving(base: bigint, level: number, rest: bigint): bigint {
  let key = rest
  for (let above = 0; above <= level; above++) {
    const bit = 1n << bitOfLevel(above)
    const wanted = above === level ? ~base & bit : base & bit
    key = (key & ~bit) | wanted
  }
  return key
}

/** Keys of which many share long prefixes, so that leaves are pushed down and move up again. */
export const anyKey = fc.oneof(
  fc.bigInt({ min: 0n, max: 63n }),
  wholeKey,
  fc.bigInt({ min: 0n, max: 7n }).map((n) => n << 253n),
  fc.bigInt({ min: 0n, max: 3n }).map((n) => n << 64n),
  fc.constantFrom(...BASES),
  { weight: 3, arbitrary: branchingKey },
)
const anyValue = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))
export const anyChanges = fc.array(fc.tuple(anyKey, anyValue), { minLength: 1, maxLength: 12 })
/** Changes that are applied one group after the other. */
export const anyGroups = fc.array(anyChanges, { maxLength: 6 })

export const toKey = (key: bigint): Uint8Array => bigIntToBytes(key, 32)
export const toChange = ([key, value]: Leaf): TreeChange => ({ key: toKey(key), value })

export async function buildTree(groups: readonly (readonly Leaf[])[]) {
  const store = new MemoryNodeStore()
  const nodes: StoredNode[] = []
  let root = ZERO_HASH
  for (const group of groups) {
    const updated = await updateTree(store, root, group.map(toChange))
    store.add(updated.newNodes)
    nodes.push(...updated.newNodes)
    root = updated.root
  }
  return { store, root, nodes }
}

/** A store to be tested, and how new nodes get into it. */
export type WritableStore = { store: NodeStore; add: (nodes: readonly StoredNode[]) => Promise<void> | void }

/**
 * Applies the groups one after the other. Every root is that of the definition and every value is read back, at the
 * end from each of the roots there were.
 */
export async function expectRootsOfDefinition(
  groups: readonly (readonly Leaf[])[],
  { store, add }: WritableStore,
): Promise<Hash> {
  const leaves = new Map<bigint, bigint>()
  const states: { root: Hash; leaves: [bigint, bigint][] }[] = [{ root: ZERO_HASH, leaves: [] }]
  for (const group of groups) {
    for (const [key, value] of group) leaves.set(key, value)
    const { root, newNodes } = await updateTree(store, states.at(-1)!.root, group.map(toChange))
    await add(newNodes)
    expect(root).toBe(rootByDefinition([...leaves].filter(([, value]) => value !== 0n)))
    states.push({ root, leaves: [...leaves] })
  }
  const keys = [...leaves.keys()]
  for (const { root, leaves: known } of states) {
    const expected = new Map(known)
    expect(await readTree(store, root, keys.map(toKey))).toEqual(keys.map((key) => expected.get(key) ?? 0n))
  }
  return states.at(-1)!.root
}

/** The same changes in another order and grouping: changes of one key stay in their order. */
export const regrouped = (groups: readonly (readonly Leaf[])[]): fc.Arbitrary<Leaf[][]> => {
  const changes = groups.flat()
  return fc
    .tuple(
      fc.array(fc.nat(), { minLength: changes.length, maxLength: changes.length }),
      fc.array(fc.boolean(), { minLength: changes.length, maxLength: changes.length }),
    )
    .map(([ranks, cuts]) => {
      const queues = new Map<bigint, Leaf[]>()
      for (const change of changes) queues.set(change[0], [...(queues.get(change[0]) ?? []), change])
      const result: Leaf[][] = [[]]
      for (const [index, rank] of ranks.entries()) {
        const keys = [...queues.keys()]
        const key = keys[rank % keys.length]!
        const [next, ...rest] = queues.get(key)!
        if (rest.length === 0) queues.delete(key)
        else queues.set(key, rest)
        if (cuts[index]) result.push([])
        result.at(-1)!.push(next!)
      }
      return result
    })
}

const limbs = (value: bigint) => Array.from({ length: 8 }, (_, i) => (value >> BigInt(32 * i)) & 0xffffffffn)
const elements = (key: bigint) => Array.from({ length: 4 }, (_, i) => (key >> BigInt(64 * i)) & 0xffffffffffffffffn)

/** The definition of a tree's root: a subtree is nothing, its only leaf, or the hash of its halves. */
export function rootByDefinition(leaves: readonly Leaf[]): Hash {
  const subtree = (set: readonly Leaf[], depth: number): readonly bigint[] => {
    if (set.length === 0) return [0n, 0n, 0n, 0n]
    if (set.length === 1) {
      const [key, value] = set[0]!
      const rest = elements(key).map((e, i) => e >> BigInt(Math.floor(depth / 4) + (i < depth % 4 ? 1 : 0)))
      return poseidon([...rest, ...poseidon(limbs(value), [0n, 0n, 0n, 0n])], [1n, 0n, 0n, 0n])
    }
    const half = (bit: bigint) =>
      subtree(
        set.filter(([key]) => ((elements(key)[depth % 4]! >> BigInt(Math.floor(depth / 4))) & 1n) === bit),
        depth + 1,
      )
    return poseidon([...half(0n), ...half(1n)], [0n, 0n, 0n, 0n])
  }
  const root = subtree(leaves, 0).reduceRight((sum, element) => (sum << 64n) | element, 0n)
  return `0x${root.toString(16).padStart(64, '0')}` as Hash
}
