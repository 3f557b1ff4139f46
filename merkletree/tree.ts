import { hexToBytes } from '#common/bytes.ts'
import { type Hash, InvalidValueError } from '#protocol/primitives.ts'
import { partition, restoreKey } from './keyBits.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { EMPTY, PartialTree, UNLOADED } from './partialTree.ts'
import { LEAF_BYTES, walkPaths } from './walk.ts'
import { MAX_UINT256, readWords, sameWords, wordsToBigInt } from './words.ts'

/** A leaf to write: 32-byte key in printed form, uint256 value; 0n deletes. */
export type TreeChange = { key: Uint8Array; value: bigint }

/**
 * Applies changes to the tree below `root` in one walk: the paths are loaded level by level, one round trip each, then
 * everything happens in memory and each new node is hashed once. Of two changes of one key the later counts. The old
 * tree stays readable. `newNodes` are those of the new tree that had to be made, in no order; `depth` is the level of the
 * deepest node on the way, before or after.
 * @throws {MissingNodeError} {DamagedNodeError} {InvalidValueError} when a value is no uint256
 */
export async function updateTree(
  store: NodeStore,
  root: Hash,
  changes: readonly TreeChange[],
): Promise<{ root: Hash; newNodes: StoredNode[]; depth: number }> {
  if (changes.length === 0) return { root, newNodes: [], depth: 0 }
  const update = new Update(changes)
  let top = EMPTY
  const { tree, keys, order } = update
  await walkPaths({
    store,
    rootHash: hexToBytes(root),
    keys,
    order,
    // A subtree without changes matters when all beside it may vanish: a leaf would move up.
    wantsSibling: (from, to) => update.deletesIn(from, to),
    visit: ({ hash, from, to, pathKey, parent, side }, data, depth) => {
      update.depth = Math.max(update.depth, depth)
      const node = tree.load({ hash, data }, { keys, pathKey, isSibling: from === to, depth })
      if (parent < 0) top = node
      else tree.attach(parent, side, node)
      return node
    },
  })
  const updated = update.apply(top, 0, order.length, 0)
  const { depth } = update
  if (updated === top && !tree.isChanged(top)) return { root, newNodes: [], depth }
  const newNodes = tree.hash(updated)
  return { root: tree.hashOf(updated), newNodes, depth }
}

/** Changes being applied to the part of a tree they concern. */
class Update {
  readonly tree: PartialTree
  readonly keys: Uint32Array
  readonly values: Uint32Array
  /** Indexes of the changes that count, one a key. */
  readonly order: Int32Array
  /** Level of the deepest node met or made so far. */
  depth = 0
  readonly #isDelete: Uint8Array
  readonly #hasDeletes: boolean

  constructor(changes: readonly TreeChange[]) {
    const size = changes.length
    this.tree = new PartialTree(Math.max(256, 4 * size))
    this.keys = new Uint32Array(8 * size)
    this.values = new Uint32Array(8 * size)
    this.#isDelete = new Uint8Array(size)
    const elements = new BigUint64Array(this.values.buffer)
    for (let index = 0; index < size; index++) {
      const { key, value } = changes[index]!
      if (value < 0n || value > MAX_UINT256)
        throw new InvalidValueError('Not a uint256.', { facts: { value: String(value) } })
      readWords(key, 0, this.keys, 8 * index)
      // Stores keep the low 64 bits.
      for (let element = 4 * index, rest = value; rest !== 0n; element++, rest >>= 64n) elements[element] = rest
      if (value === 0n) this.#isDelete[index] = 1
    }
    this.#hasDeletes = this.#isDelete.includes(1)
    this.order = lastOfEachKey(this.keys, size)
  }

  deletesIn(from: number, to: number): boolean {
    if (!this.#hasDeletes) return false
    for (let position = from; position < to; position++) if (this.#isDelete[this.order[position]!] === 1) return true
    return false
  }

  /** The subtree after the changes order[from..to): one leaf is that leaf, none is EMPTY. */
  apply(node: number, from: number, to: number, depth: number): number {
    if (from === to) return node
    const { tree } = this
    if (node === EMPTY || tree.isLeaf(node)) return this.#applyToLeaf(node, from, to, depth)
    const middle = partition(this.keys, this.order, from, to, depth)
    const leftBefore = tree.left(node)
    const rightBefore = tree.right(node)
    const left = this.apply(leftBefore, from, middle, depth + 1)
    const right = this.apply(rightBefore, middle, to, depth + 1)
    if (left === leftBefore && right === rightBefore && !tree.isChanged(left) && !tree.isChanged(right)) return node
    if (left === EMPTY || right === EMPTY) {
      const only = left + right
      if (only === EMPTY) return EMPTY
      if (only !== UNLOADED && tree.isLeaf(only)) {
        tree.moveLeaf(only, depth)
        return only
      }
    }
    tree.setChildren(node, left, right)
    return node
  }

  /** A place that held one leaf or nothing. */
  #applyToLeaf(leaf: number, from: number, to: number, depth: number): number {
    let kept = leaf
    let end = from
    for (let position = from; position < to; position++) {
      const index = this.order[position]!
      if (leaf !== EMPTY && this.tree.hasKey(leaf, this.keys, index)) {
        if (this.tree.hasValue(leaf, this.values, index)) continue
        kept = EMPTY
      }
      if (this.#isDelete[index] === 0) this.order[end++] = index
    }
    return this.#build(kept, from, end, depth)
  }

  /** The tree of new leaves and, unless EMPTY, an old one: split by the bits of their keys until each is alone. */
  #build(old: number, from: number, to: number, depth: number): number {
    const { tree } = this
    this.depth = Math.max(this.depth, depth)
    if (from === to) {
      if (old !== EMPTY) tree.moveLeaf(old, depth)
      return old
    }
    if (old === EMPTY && to === from + 1) return tree.addLeaf(this.keys, this.values, this.order[from]!, depth)
    const middle = partition(this.keys, this.order, from, to, depth)
    const oldIsLeft = old !== EMPTY && tree.leafBit(old, depth) === 0
    const left = this.#build(oldIsLeft ? old : EMPTY, from, middle, depth + 1)
    const right = this.#build(oldIsLeft ? EMPTY : old, middle, to, depth + 1)
    return tree.addInternal(left, right)
  }
}

/** Index of the last occurrence of each of the first `size` keys. */
function lastOfEachKey(keys: Uint32Array, size: number): Int32Array {
  const order = new Int32Array(size)
  let unique = 0
  // Open addressing, at most half full: position in `order` + 1, or 0.
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 1)))
  for (let index = 0; index < size; index++) {
    let slot = keys[8 * index]! & (table.length - 1)
    while (table[slot] !== 0 && !sameWords(keys, 8 * order[table[slot]! - 1]!, keys, 8 * index))
      slot = (slot + 1) & (table.length - 1)
    if (table[slot] === 0) table[slot] = ++unique
    order[table[slot]! - 1] = index
  }
  return order.subarray(0, unique)
}

/** Values of the keys, in order; 0n where there is no leaf. One round trip per level. @throws {MissingNodeError} */
export async function readTree(store: NodeStore, root: Hash, keys: readonly Uint8Array[]): Promise<bigint[]> {
  const values = keys.map(() => 0n)
  const words = new Uint32Array(8 * keys.length)
  const order = new Int32Array(keys.length)
  for (let index = 0; index < keys.length; index++) {
    readWords(keys[index]!, 0, words, 8 * index)
    order[index] = index
  }
  const leaf = new Uint32Array(16) // key, value
  await walkPaths({
    store,
    rootHash: hexToBytes(root),
    keys: words,
    order,
    wantsSibling: () => false,
    visit: ({ from, to, pathKey }, data, depth) => {
      if (data.length !== LEAF_BYTES) return 0
      readWords(data, 1, leaf, 0)
      restoreKey(leaf, 0, words, 8 * pathKey, depth)
      for (let position = from; position < to; position++) {
        const index = order[position]!
        if (!sameWords(leaf, 0, words, 8 * index)) continue
        readWords(data, 33, leaf, 8)
        values[index] = wordsToBigInt(leaf.subarray(8))
      }
      return 0
    },
  })
  return values
}
