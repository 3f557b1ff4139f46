import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { keyBit, MAX_DEPTH, restoreKey } from './keyBits.ts'
import type { NodeStore } from './nodeStore.ts'
import { EMPTY, PartialTree } from './partialTree.ts'
import { LEAF_BYTES, walkPaths } from './walk.ts'
import { areElements, bigIntToWords, readWords, wordsToBigInt, wordsToHash } from './words.ts'

/**
 * What the tree below a root holds under a key, so that the root suffices to check it. `siblings`: from the root down,
 * ZERO_HASH for an empty one. `leaf` is what the path ends at: the leaf of the key, that of another key with the same
 * path so far, or nothing; in the last two cases the key has no value.
 */
export type TreeProof = { siblings: Hash[]; leaf: { key: Hash; value: bigint } | undefined }

/** One round trip a level. @throws {MissingNodeError} {DamagedNodeError} */
export async function getProof(store: NodeStore, root: Hash, key: Uint8Array): Promise<TreeProof> {
  const proof: TreeProof = { siblings: [], leaf: undefined }
  const keys = new Uint32Array(8)
  readWords(key, 0, keys, 0)
  await walkPaths({
    store,
    rootHash: hexToBytes(root),
    keys,
    order: new Int32Array(1),
    wantsSibling: () => false,
    visit: (_place, data, depth) => {
      if (data.length === LEAF_BYTES) {
        const words = new Uint32Array(16)
        readWords(data, 1, words, 0)
        readWords(data, 33, words, 8)
        restoreKey(words, 0, keys, 0, depth)
        proof.leaf = { key: wordsToHash(words.subarray(0, 8)), value: wordsToBigInt(words.subarray(8)) }
      } else {
        const sibling = keyBit(keys, 0, depth) === 0 ? 32 : 0
        proof.siblings.push(bytesToHex(data.subarray(sibling, sibling + 32)) as Hash)
      }
      return 0
    },
  })
  return proof
}

/** Whether the proof shows that the tree below `root` holds `value` under the key; 0n means that it holds nothing. */
export function verifyProof(root: Hash, key: Uint8Array, value: bigint, { siblings, leaf }: TreeProof): boolean {
  if (siblings.length > MAX_DEPTH) return false
  const keys = new Uint32Array(8)
  readWords(key, 0, keys, 0)
  const isOwn = leaf !== undefined && leaf.key === bytesToHex(key)
  if ((isOwn ? leaf.value : 0n) !== value) return false
  const tree = new PartialTree()
  let node = EMPTY
  if (leaf !== undefined) {
    const leafKey = new Uint32Array(8)
    readWords(hexToBytes(leaf.key), 0, leafKey, 0)
    for (let level = 0; level < siblings.length; level++)
      if (keyBit(leafKey, 0, level) !== keyBit(keys, 0, level)) return false
    if (!areElements(leafKey, 0) || leaf.value <= 0n || leaf.value >> 256n !== 0n) return false
    node = tree.addLeaf(leafKey, bigIntToWords(leaf.value), 0, siblings.length)
  }
  for (let level = siblings.length - 1; level >= 0; level--) {
    const hash = hexToBytes(siblings[level]!)
    const words = new Uint32Array(8)
    readWords(hash, 0, words, 0)
    if (!areElements(words, 0)) return false
    const sibling = siblings[level] === ZERO_HASH ? EMPTY : tree.addOpaque(hash)
    node = keyBit(keys, 0, level) === 0 ? tree.addInternal(node, sibling) : tree.addInternal(sibling, node)
  }
  tree.hash(node)
  return tree.hashOf(node) === root
}
