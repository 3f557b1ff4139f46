import fc from 'fast-check'
import { bigIntToBytes } from '#common/bytes.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import type { StoredNode } from './nodeStore.ts'
import { poseidon } from './poseidon.ts'
import { type TreeChange, updateTree } from './tree.ts'

/** Trees for the tests of this room. A leaf is a key and a value, both as integers; value 0n deletes. */
export type Leaf = readonly [key: bigint, value: bigint]

const P = 0xffffffff00000001n
const wholeKey = fc
  .tuple(...Array.from({ length: 4 }, () => fc.bigInt({ min: 0n, max: P - 1n })))
  .map((elements) => elements.reduce((sum, element) => (sum << 64n) | element, 0n))

/** Keys of which many share long prefixes, so that leaves are pushed down and move up again. */
export const anyKey = fc.oneof(
  fc.bigInt({ min: 0n, max: 63n }),
  wholeKey,
  fc.bigInt({ min: 0n, max: 7n }).map((n) => n << 253n),
  fc.bigInt({ min: 0n, max: 3n }).map((n) => n << 64n),
)
const anyValue = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))
export const anyChanges = fc.array(fc.tuple(anyKey, anyValue), { minLength: 1, maxLength: 12 })
/** Changes that are applied one group after the other. */
export const anyGroups = fc.array(anyChanges, { maxLength: 8 })

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
