import { kernelInput, kernelOutput } from './kernel.ts'
import type { StoredNode } from './nodeStore.ts'
import { hashInBulk } from './poseidon.ts'
import { bytesToWords, type Words, wordsToBytes } from './words.ts'

/** Part of a tree in memory. `hash` is undefined until `hashTree`; a stub's content is not loaded. */
export type Node = Internal | Leaf | Stub
export type Internal = { kind: 'internal'; left: Node | undefined; right: Node | undefined; hash: Words | undefined }
/** `depth` is where it sits: a leaf that moves is another node, because its remaining key changes. */
export type Leaf = { kind: 'leaf'; key: Words; value: Words; depth: number; hash: Words | undefined }
export type Stub = { kind: 'stub'; hash: Words }

export const INTERNAL_BYTES = 64
export const LEAF_BYTES = 65
const LEAF_MARK = 1
const CAPACITY_OFFSET = 16

/** Bit of the path at a level: the levels take the four elements in turn, least significant bit first. */
export function pathBit(key: Words, level: number): number {
  const bit = level >> 2
  return (key[2 * (level & 3) + (bit >> 5)]! >>> (bit & 31)) & 1
}

/** What is left of a key at a depth: the bits of the levels above are shifted out of each element. */
export function remainingKey(key: Words, depth: number): Words {
  const remaining = new Uint32Array(8)
  for (let element = 0; element < 4; element++) {
    const shift = consumedBits(element, depth)
    const [low, high] = [key[2 * element]!, key[2 * element + 1]!]
    if (shift === 0) {
      remaining[2 * element] = low
      remaining[2 * element + 1] = high
    } else if (shift < 32) {
      remaining[2 * element] = (low >>> shift) | (high << (32 - shift))
      remaining[2 * element + 1] = high >>> shift
    } else remaining[2 * element] = shift < 64 ? high >>> (shift - 32) : 0
  }
  return remaining
}

/** The whole key again, from what is left of it and any key that shares the path so far. */
export function restoreKey(remaining: Words, path: Words, depth: number): Words {
  const key = new Uint32Array(8)
  for (let element = 0; element < 4; element++) {
    const shift = consumedBits(element, depth)
    const [low, high] = [remaining[2 * element]!, remaining[2 * element + 1]!]
    const [pathLow, pathHigh] = [path[2 * element]!, path[2 * element + 1]!]
    if (shift === 0) {
      key[2 * element] = low
      key[2 * element + 1] = high
    } else if (shift < 32) {
      const mask = (1 << shift) - 1
      key[2 * element] = (low << shift) | (pathLow & mask)
      key[2 * element + 1] = (high << shift) | (low >>> (32 - shift))
    } else {
      const rest = shift - 32
      const mask = rest === 32 ? -1 : (1 << rest) - 1
      key[2 * element] = pathLow
      key[2 * element + 1] = (rest < 32 ? low << rest : 0) | (pathHigh & mask)
    }
  }
  return key
}

const consumedBits = (element: number, depth: number) => (depth >> 2) + (element < (depth & 3) ? 1 : 0)

/** @param path a key that leads to the node */
export function decodeNode(data: Uint8Array, hash: Words, path: Words, depth: number): Internal | Leaf {
  if (data.length === INTERNAL_BYTES)
    return { kind: 'internal', left: decodeChild(data, 0), right: decodeChild(data, 32), hash }
  const remaining = bytesToWords(data.subarray(1, 33))
  const key = restoreKey(remaining, path, depth)
  return { kind: 'leaf', key, value: bytesToWords(data.subarray(33, 65)), depth, hash }
}

function decodeChild(data: Uint8Array, offset: number): Stub | undefined {
  const bytes = data.subarray(offset, offset + 32)
  return bytes.every((byte) => byte === 0) ? undefined : { kind: 'stub', hash: bytesToWords(bytes) }
}

function encodeNode(node: Internal | Leaf): StoredNode {
  const hash = wordsToBytes(node.hash!)
  if (node.kind === 'leaf') {
    const data = new Uint8Array(LEAF_BYTES)
    data[0] = LEAF_MARK
    wordsToBytes(remainingKey(node.key, node.depth), data, 1)
    wordsToBytes(node.value, data, 33)
    return { hash, data }
  }
  const data = new Uint8Array(INTERNAL_BYTES)
  if (node.left !== undefined) wordsToBytes(node.left.hash!, data, 0)
  if (node.right !== undefined) wordsToBytes(node.right.hash!, data, 32)
  return { hash, data }
}

/**
 * Hashes every node below (and with) `root` that has no hash yet, many at a time: values, leaves, then internal nodes
 * from the deepest level up. Returns the nodes that got one.
 */
export function hashTree(root: Node | undefined): StoredNode[] {
  const leaves: Leaf[] = []
  const levels: Internal[][] = []
  collectUnhashed(root, 0, leaves, levels)
  const valueHashes = leaves.map(() => new Uint32Array(8))
  hashInBulk(
    leaves.length,
    (index, offset) => {
      const { value } = leaves[index]!
      kernelInput.fill(0, offset, offset + 24)
      for (let limb = 0; limb < 8; limb++) kernelInput[offset + 2 * limb] = value[limb]!
    },
    (index, offset) => valueHashes[index]!.set(kernelOutput.subarray(offset, offset + 8)),
  )
  hashInBulk(
    leaves.length,
    (index, offset) => {
      const { key, depth } = leaves[index]!
      kernelInput.set(remainingKey(key, depth), offset)
      kernelInput.set(valueHashes[index]!, offset + 8)
      kernelInput.fill(0, offset + CAPACITY_OFFSET, offset + 24)
      kernelInput[offset + CAPACITY_OFFSET] = LEAF_MARK
    },
    (index, offset) => {
      leaves[index]!.hash = kernelOutput.slice(offset, offset + 8)
    },
  )
  for (const level of levels.reverse()) {
    hashInBulk(
      level.length,
      (index, offset) => {
        const { left, right } = level[index]!
        kernelInput.fill(0, offset, offset + 24)
        if (left !== undefined) kernelInput.set(left.hash!, offset)
        if (right !== undefined) kernelInput.set(right.hash!, offset + 8)
      },
      (index, offset) => {
        level[index]!.hash = kernelOutput.slice(offset, offset + 8)
      },
    )
  }
  return [...leaves, ...levels.flat()].map(encodeNode)
}

function collectUnhashed(node: Node | undefined, depth: number, leaves: Leaf[], levels: Internal[][]): void {
  if (node === undefined || node.hash !== undefined) return
  if (node.kind === 'leaf') {
    leaves.push(node)
    return
  }
  if (node.kind === 'stub') return
  for (let level = levels.length; level <= depth; level++) levels.push([])
  levels[depth]!.push(node)
  collectUnhashed(node.left, depth + 1, leaves, levels)
  collectUnhashed(node.right, depth + 1, leaves, levels)
}
