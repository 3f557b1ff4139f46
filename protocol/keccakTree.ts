import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { keccak256 } from './keccak.ts'
import type { Hash } from './primitives.ts'

export class TreeIndexError extends NodeError {
  override readonly name = 'TreeIndexError'
}

/** Levels of every keccak tree of the protocol. */
export const KECCAK_TREE_DEPTH = 32
/** The contracts refuse the leaf that would fill the tree. */
const LEAVES_MAX = 2 ** KECCAK_TREE_DEPTH - 1

const ZEROS: readonly Uint8Array[] = (() => {
  const zeros: Uint8Array[] = [new Uint8Array(32)]
  for (let height = 0; height < KECCAK_TREE_DEPTH; height++) zeros.push(hashPair(zeros[height]!, zeros[height]!))
  return zeros
})()

/** Root of an empty tree of each height, 0 (a leaf of 32 zero bytes) to 32. */
export const ZERO_HASHES: readonly Hash[] = ZEROS.map(toHash)
/** Root of a tree without leaves. */
export const EMPTY_TREE_ROOT = ZERO_HASHES[KECCAK_TREE_DEPTH]!

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak256(concatBytes(left, right))
}

function toHash(bytes: Uint8Array): Hash {
  return bytesToHex(bytes) as Hash
}

const isRightChild = (index: number, height: number) => ((index >>> height) & 1) === 1

/**
 * Append-only Merkle tree of depth 32 over keccak, as the bridge and the exit root manager keep it on L1: missing
 * leaves are 32 zero bytes. All full nodes are held (64 bytes a leaf and overhead), so that roots and proofs of every
 * earlier size cost 32 hashes.
 */
export class KeccakTree {
  /** By height, then index: nodes whose leaves are all there. */
  readonly #full: Uint8Array[][] = Array.from({ length: KECCAK_TREE_DEPTH }, () => [])

  constructor(leaves: Iterable<Hash> = []) {
    for (const leaf of leaves) this.append(leaf)
  }

  /** Leaves appended so far. */
  get count(): number {
    return this.#full[0]!.length
  }

  get root(): Hash {
    return this.rootAt(this.count)
  }

  /** @returns index of the leaf, from 0. @throws {TreeIndexError} when the tree is full */
  append(leaf: Hash): number {
    const index = this.count
    if (index >= LEAVES_MAX) throw new TreeIndexError('Tree is full.', { facts: { count: index } })
    let node = hexToBytes(leaf)
    this.#full[0]!.push(node)
    for (let height = 0; isRightChild(index, height); height++) {
      const nodes = this.#full[height]!
      node = hashPair(nodes[nodes.length - 2]!, node)
      this.#full[height + 1]!.push(node)
    }
    return index
  }

  /** @throws {TreeIndexError} when there is no such leaf */
  leaf(index: number): Hash {
    const leaf = this.#full[0]![index]
    if (leaf === undefined) throw new TreeIndexError('No such leaf.', { facts: { index, count: this.count } })
    return toHash(leaf)
  }

  /** Root the tree had after `leafCount` leaves. @throws {TreeIndexError} when it never had so many */
  rootAt(leafCount: number): Hash {
    this.#checkCount(leafCount)
    return toHash(this.#unfinished(leafCount)[KECCAK_TREE_DEPTH]!)
  }

  /**
   * 32 siblings of a leaf, from the leaf up, in the tree of the first `leafCount` leaves.
   * @throws {TreeIndexError} when the leaf is not among them
   */
  proof(index: number, leafCount: number = this.count): Hash[] {
    this.#checkCount(leafCount)
    if (!Number.isInteger(index) || index < 0 || index >= leafCount)
      throw new TreeIndexError('No such leaf.', { facts: { index, count: leafCount } })
    return this.#siblings(index, leafCount)
  }

  /**
   * 32 siblings of a place that no leaf has taken in the tree of the first `leafCount` leaves: with a zero in the place
   * they lead to its root. @throws {TreeIndexError} when there is a leaf
   */
  vacancyProof(index: number, leafCount: number = this.count): Hash[] {
    this.#checkCount(leafCount)
    if (!Number.isInteger(index) || index < leafCount || index > LEAVES_MAX)
      throw new TreeIndexError('No such vacancy.', { facts: { index, count: leafCount } })
    return this.#siblings(index, leafCount)
  }

  #siblings(index: number, leafCount: number): Hash[] {
    const unfinished = this.#unfinished(leafCount)
    return Array.from({ length: KECCAK_TREE_DEPTH }, (_, height) => {
      const sibling = ((index >>> height) ^ 1) >>> 0
      const firstNotFull = leafCount >>> height
      if (sibling < firstNotFull) return toHash(this.#full[height]![sibling]!)
      return sibling === firstNotFull ? toHash(unfinished[height]!) : ZERO_HASHES[height]!
    })
  }

  /** Undoes the last appends, for an L1 reorg. @throws {TreeIndexError} when there are fewer leaves */
  truncate(leafCount: number): void {
    this.#checkCount(leafCount)
    this.#full.forEach((nodes, height) => {
      nodes.length = leafCount >>> height
    })
  }

  /** Per height the node right of the last full one: leaves before `leafCount`, zeros after. */
  #unfinished(leafCount: number): Uint8Array[] {
    const nodes = [ZEROS[0]!]
    for (let height = 0; height < KECCAK_TREE_DEPTH; height++) {
      const node = nodes[height]!
      if (isRightChild(leafCount, height)) {
        nodes.push(hashPair(this.#full[height]![(leafCount >>> height) - 1]!, node))
      } else nodes.push(node === ZEROS[height] ? ZEROS[height + 1]! : hashPair(node, ZEROS[height]!))
    }
    return nodes
  }

  #checkCount(leafCount: number): void {
    if (!Number.isInteger(leafCount) || leafCount < 0 || leafCount > this.count)
      throw new TreeIndexError('The tree has fewer leaves.', { facts: { leafCount, count: this.count } })
  }
}

/** Root that a leaf and its siblings, from the leaf up, lead to. */
export function rootOfProof(leaf: Hash, index: number, proof: readonly Hash[]): Hash {
  let node = hexToBytes(leaf)
  proof.forEach((siblingHex, height) => {
    const sibling = hexToBytes(siblingHex)
    node = isRightChild(index, height) ? hashPair(sibling, node) : hashPair(node, sibling)
  })
  return toHash(node)
}

export type KeccakProof = { leaf: Hash; index: number; proof: readonly Hash[]; root: Hash }

/** Whether the proof has 32 siblings and leads to the root. */
export function verifyKeccakProof({ leaf, index, proof, root }: KeccakProof): boolean {
  const isIndex = Number.isInteger(index) && index >= 0 && index < 2 ** KECCAK_TREE_DEPTH
  return isIndex && proof.length === KECCAK_TREE_DEPTH && rootOfProof(leaf, index, proof) === root
}
