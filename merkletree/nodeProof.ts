import { bytesToBigInt, hexToBytes } from '#common/bytes.ts'
import type { Hash } from '#protocol/primitives.ts'
import { HASH_WORDS, hashBatch, kernelInput, kernelOutput } from './kernel.ts'
import { keyBit, restoreKey } from './keyBits.ts'
import type { NodeStore } from './nodeStore.ts'
import { INTERNAL_BYTES, LEAF_BYTES, walkPaths } from './walk.ts'
import { areElements, readWords, sameWords, wordsToBytes } from './words.ts'

const CAPACITY_OFFSET = 16
const LEAF_CAPACITY = 1

/**
 * Proof of a key in the form of cdk-erigon: the nodes of its path from the root down, 64 bytes each (left and right
 * child); when the path ends at a leaf, 65 bytes (remaining key, hash of the value, 01) and then the value without
 * leading zeros. Nothing for an empty tree. One round trip a level. @throws {MissingNodeError} {DamagedNodeError}
 */
export async function getNodeProof(store: NodeStore, root: Hash, key: Uint8Array): Promise<Uint8Array[]> {
  const nodes: Uint8Array[] = []
  const keys = new Uint32Array(HASH_WORDS)
  readWords(key, 0, keys, 0)
  await walkPaths({
    store,
    rootHash: hexToBytes(root),
    keys,
    order: new Int32Array(1),
    wantsSibling: () => false,
    visit: (_place, data) => {
      if (data.length === INTERNAL_BYTES) nodes.push(data)
      else nodes.push(...leafElements(data))
      return 0
    },
  })
  return nodes
}

/** Of a stored leaf: 01, remaining key, value. */
function leafElements(leaf: Uint8Array): [Uint8Array, Uint8Array] {
  const value = leaf.subarray(33, LEAF_BYTES)
  const element = new Uint8Array(LEAF_BYTES)
  element.set(leaf.subarray(1, 33))
  element.set(hashValue(value), 32)
  element[64] = 1
  const start = value.findIndex((byte) => byte !== 0)
  return [element, value.subarray(start)]
}

/** The value that the tree below `root` holds under the key, 0n for none; undefined when the proof does not show it. */
export function readNodeProof(root: Hash, key: Uint8Array, proof: readonly Uint8Array[]): bigint | undefined {
  const keys = new Uint32Array(HASH_WORDS)
  readWords(key, 0, keys, 0)
  let expected = hexToBytes(root)
  for (const [depth, node] of proof.entries()) {
    if (isZero(expected)) return undefined
    const isLeaf = node.length === LEAF_BYTES
    if (!isLeaf && node.length !== INTERNAL_BYTES) return undefined
    const hash = hashNode(node, isLeaf ? LEAF_CAPACITY : 0)
    if (hash === undefined || !sameBytes(hash, expected)) return undefined
    if (isLeaf) return readLeaf(node, keys, depth, proof.slice(depth + 1))
    const side = keyBit(keys, 0, depth) * 32
    expected = node.slice(side, side + 32)
  }
  return isZero(expected) ? 0n : undefined
}

function readLeaf(leaf: Uint8Array, keys: Uint32Array, depth: number, rest: readonly Uint8Array[]): bigint | undefined {
  const [value] = rest
  if (rest.length !== 1 || value === undefined || value.length > 32) return undefined
  const whole = new Uint8Array(32)
  whole.set(value, 32 - value.length)
  if (!sameBytes(hashValue(whole), leaf.subarray(32, 64))) return undefined
  const leafKey = new Uint32Array(HASH_WORDS)
  readWords(leaf, 0, leafKey, 0)
  restoreKey(leafKey, 0, keys, 0, depth)
  // Another key's leaf may stand where this one's would.
  return sameWords(leafKey, 0, keys, 0) ? bytesToBigInt(whole) : 0n
}

/** Undefined for halves that are no hashes. */
function hashNode(node: Uint8Array, capacity: number): Uint8Array | undefined {
  readWords(node, 0, kernelInput, 0)
  readWords(node, 32, kernelInput, HASH_WORDS)
  if (!areElements(kernelInput, 0) || !areElements(kernelInput, HASH_WORDS)) return undefined
  return hashInput(capacity)
}

/** Each of the value's 32-bit limbs is one field element. */
function hashValue(value: Uint8Array): Uint8Array {
  const limbs = new Uint32Array(HASH_WORDS)
  readWords(value, 0, limbs, 0)
  for (const [limb, word] of limbs.entries()) {
    kernelInput[2 * limb] = word
    kernelInput[2 * limb + 1] = 0
  }
  return hashInput(0)
}

function hashInput(capacity: number): Uint8Array {
  kernelInput.fill(0, CAPACITY_OFFSET, CAPACITY_OFFSET + HASH_WORDS)
  kernelInput[CAPACITY_OFFSET] = capacity
  hashBatch(1)
  return wordsToBytes(kernelOutput.subarray(0, HASH_WORDS))
}

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
const sameBytes = (a: Uint8Array, b: Uint8Array) => a.every((byte, index) => byte === b[index])
