import type { Hash } from '#protocol/primitives.ts'
import { kernelInput, kernelOutput } from './kernel.ts'
import { flipKeyBit, type KeyWords, keyBit, restoreKey, writeRemainingKey } from './keyBits.ts'
import type { StoredNode } from './nodeStore.ts'
import { hashInBulk } from './poseidon.ts'
import { INTERNAL_BYTES, LEAF_BYTES } from './walk.ts'
import { copyWords, readWords, sameWords, wordsToHash, writeWords } from './words.ts'

/** No node. */
export const EMPTY = 0
/** A node that is not in memory; its parent knows its hash. */
export const UNLOADED = -1

const INTERNAL = -1
const LEAF_MARK = 1
const CAPACITY_OFFSET = 16

/** Part of a tree in memory, in typed arrays. A node is its index, from 1. A changed node has no hash until `hash`. */
export class PartialTree {
  #size = 1
  /** 16 words a node: the hashes of both children, or a leaf's key and value. */
  #content: Uint32Array
  #hashes: Uint32Array
  #children: Int32Array
  /** Depth of a leaf: its hash depends on it. INTERNAL for other nodes. */
  #depths: Int16Array
  #changed: Uint8Array

  constructor(capacity = 256) {
    this.#content = new Uint32Array(16 * capacity)
    this.#hashes = new Uint32Array(8 * capacity)
    this.#children = new Int32Array(2 * capacity)
    this.#depths = new Int16Array(capacity)
    this.#changed = new Uint8Array(capacity)
  }

  /**
   * A stored node.
   * @param pathKey leads to the node, and with `isSibling` to its sibling
   */
  load(
    { hash, data }: StoredNode,
    { keys, pathKey, isSibling, depth }: { keys: KeyWords; pathKey: number; isSibling: boolean; depth: number },
  ): number {
    const node = this.addOpaque(hash)
    const isLeaf = data.length === LEAF_BYTES
    const at = 16 * node
    readWords(data, isLeaf ? 1 : 0, this.#content, at)
    readWords(data, isLeaf ? 33 : 32, this.#content, at + 8)
    if (isLeaf) {
      restoreKey(this.#content, at, keys, 8 * pathKey, depth)
      if (isSibling) flipKeyBit(this.#content, 2 * node, depth - 1)
      this.#depths[node] = depth
    } else {
      this.#children[2 * node] = this.#isZero(at) ? EMPTY : UNLOADED
      this.#children[2 * node + 1] = this.#isZero(at + 8) ? EMPTY : UNLOADED
    }
    return node
  }

  /** A subtree of which only the hash is known. */
  addOpaque(hash: Uint8Array): number {
    const node = this.#allocate()
    readWords(hash, 0, this.#hashes, 8 * node)
    this.#depths[node] = INTERNAL
    return node
  }

  addInternal(left: number, right: number): number {
    const node = this.#allocate()
    this.#depths[node] = INTERNAL
    this.setChildren(node, left, right)
    return node
  }

  /** Leaf with words of key `key` and value `value` of the given arrays. */
  addLeaf(keys: KeyWords, values: Uint32Array, index: number, depth: number): number {
    const node = this.#allocate()
    for (let word = 0; word < 8; word++) {
      this.#content[16 * node + word] = keys[8 * index + word]!
      this.#content[16 * node + 8 + word] = values[8 * index + word]!
    }
    this.#depths[node] = depth
    this.#changed[node] = 1
    return node
  }

  isLeaf(node: number): boolean {
    return this.#depths[node] !== INTERNAL
  }

  /** False for EMPTY and UNLOADED. */
  isChanged(node: number): boolean {
    return node > EMPTY && this.#changed[node] === 1
  }

  left(node: number): number {
    return this.#children[2 * node]!
  }

  right(node: number): number {
    return this.#children[2 * node + 1]!
  }

  /** A child was loaded: what the node stands for stays the same. */
  attach(node: number, side: number, child: number): void {
    this.#children[2 * node + side] = child
  }

  setChildren(node: number, left: number, right: number): void {
    this.#children[2 * node] = left
    this.#children[2 * node + 1] = right
    this.#changed[node] = 1
  }

  /** Puts a leaf at a depth, which may be where it is. */
  moveLeaf(leaf: number, depth: number): void {
    if (this.#depths[leaf] === depth) return
    this.#depths[leaf] = depth
    this.#changed[leaf] = 1
  }

  leafBit(leaf: number, level: number): number {
    return keyBit(this.#content, 2 * leaf, level)
  }

  hasKey(leaf: number, keys: KeyWords, index: number): boolean {
    return sameWords(this.#content, 16 * leaf, keys, 8 * index)
  }

  hasValue(leaf: number, values: Uint32Array, index: number): boolean {
    return sameWords(this.#content, 16 * leaf + 8, values, 8 * index)
  }

  /** ZERO_HASH for EMPTY. */
  hashOf(node: number): Hash {
    return wordsToHash(this.#hashes.subarray(8 * node, 8 * node + 8))
  }

  /**
   * Hashes each changed node below (and with) `root` once, many to a call: values, leaves, then internal nodes from the
   * deepest level up. Returns them.
   */
  hash(root: number): StoredNode[] {
    const { leaves, levels } = this.#changedBelow(root)
    this.#hashLeaves(leaves)
    const nodes = leaves.slice()
    for (const level of levels.reverse()) {
      this.#hashInternal(level)
      for (const node of level) nodes.push(node)
    }
    return this.#encode(nodes)
  }

  /** Changed nodes: leaves, and internal nodes by depth. */
  #changedBelow(root: number): { leaves: number[]; levels: number[][] } {
    const leaves: number[] = []
    const levels: number[][] = []
    for (let level = [root]; level.length > 0; ) {
      const internal: number[] = []
      const below: number[] = []
      for (const node of level) {
        if (!this.isChanged(node)) continue
        if (this.isLeaf(node)) {
          leaves.push(node)
          continue
        }
        internal.push(node)
        below.push(this.left(node), this.right(node))
      }
      levels.push(internal)
      level = below
    }
    return { leaves, levels }
  }

  #hashLeaves(leaves: readonly number[]): void {
    const content = this.#content
    hashInBulk(
      leaves.length,
      (index, offset) => {
        const value = 16 * leaves[index]! + 8
        for (let limb = 0; limb < 8; limb++) {
          kernelInput[offset + 2 * limb] = content[value + limb]!
          kernelInput[offset + 2 * limb + 1] = 0
          kernelInput[offset + CAPACITY_OFFSET + limb] = 0
        }
      },
      (index, offset) => copyWords(kernelOutput, offset, this.#hashes, 8 * leaves[index]!),
    )
    hashInBulk(
      leaves.length,
      (index, offset) => {
        const leaf = leaves[index]!
        writeRemainingKey(content, 16 * leaf, this.#depths[leaf]!, kernelInput, offset)
        copyWords(this.#hashes, 8 * leaf, kernelInput, offset + 8)
        for (let word = 0; word < 8; word++) kernelInput[offset + CAPACITY_OFFSET + word] = 0
        kernelInput[offset + CAPACITY_OFFSET] = LEAF_MARK
      },
      (index, offset) => copyWords(kernelOutput, offset, this.#hashes, 8 * leaves[index]!),
    )
  }

  #hashInternal(nodes: readonly number[]): void {
    const content = this.#content
    for (const node of nodes) {
      for (let side = 0; side < 2; side++) {
        const child = this.#children[2 * node + side]!
        if (child > EMPTY) copyWords(this.#hashes, 8 * child, content, 16 * node + 8 * side)
        else if (child === EMPTY) content.fill(0, 16 * node + 8 * side, 16 * node + 8 * side + 8)
      }
    }
    hashInBulk(
      nodes.length,
      (index, offset) => {
        const at = 16 * nodes[index]!
        for (let word = 0; word < 16; word++) kernelInput[offset + word] = content[at + word]!
        for (let word = 0; word < 8; word++) kernelInput[offset + CAPACITY_OFFSET + word] = 0
      },
      (index, offset) => copyWords(kernelOutput, offset, this.#hashes, 8 * nodes[index]!),
    )
  }

  #encode(nodes: readonly number[]): StoredNode[] {
    const RECORD = 32 + LEAF_BYTES
    const bytes = new Uint8Array(nodes.length * RECORD)
    const key = new Uint32Array(8)
    return nodes.map((node, index) => {
      const start = index * RECORD
      const data = start + 32
      writeWords(this.#hashes, 8 * node, bytes, start)
      const isLeaf = this.isLeaf(node)
      if (isLeaf) {
        bytes[data] = LEAF_MARK
        writeRemainingKey(this.#content, 16 * node, this.#depths[node]!, key, 0)
        writeWords(key, 0, bytes, data + 1)
        writeWords(this.#content, 16 * node + 8, bytes, data + 33)
      } else {
        writeWords(this.#content, 16 * node, bytes, data)
        writeWords(this.#content, 16 * node + 8, bytes, data + 32)
      }
      const end = data + (isLeaf ? LEAF_BYTES : INTERNAL_BYTES)
      return { hash: bytes.subarray(start, data), data: bytes.subarray(data, end) }
    })
  }

  #isZero(at: number): boolean {
    for (let word = at; word < at + 8; word++) if (this.#content[word] !== 0) return false
    return true
  }

  #allocate(): number {
    const node = this.#size++
    if (node < this.#changed.length) return node
    this.#content = grown(this.#content)
    this.#hashes = grown(this.#hashes)
    this.#children = grown(this.#children)
    this.#depths = grown(this.#depths)
    this.#changed = grown(this.#changed)
    return node
  }
}

function grown<T extends Uint32Array | Int32Array | Int16Array | Uint8Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length)
  larger.set(array)
  return larger
}
