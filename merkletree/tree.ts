import { NodeError } from '#common/errors.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { decodeNode, hashTree, type Internal, type Leaf, type Node, pathBit } from './nodes.ts'
import {
  bigIntToWords,
  bytesToWords,
  equalWords,
  hexDigitsToWords,
  isZero,
  mapKey,
  type Words,
  wordsToBigInt,
  wordsToBytes,
  wordsToHash,
} from './words.ts'

/** The store lacks a node that the tree's root commits to. */
export class MissingNodeError extends NodeError {
  override readonly name = 'MissingNodeError'
}

/** A leaf to write: 32-byte key in printed form, uint256 value; 0n deletes. */
export type TreeChange = { key: Uint8Array; value: bigint }

type Change = { key: Words; value: Words }

/**
 * Applies changes to the tree below `root` in one walk: the paths are loaded level by level, one round trip each, then
 * everything happens in memory and each new node is hashed once. Of two changes of one key the later counts. The old
 * tree stays readable. `newNodes` are those of the new tree that had to be made, in no order.
 * @throws {MissingNodeError}
 */
export async function updateTree(
  store: NodeStore,
  root: Hash,
  changes: readonly TreeChange[],
): Promise<{ root: Hash; newNodes: StoredNode[] }> {
  const last = new Map<string, Change>()
  for (const { key, value } of changes) last.set(mapKey(key), { key: bytesToWords(key), value: bigIntToWords(value) })
  const work = [...last.values()]
  if (work.length === 0) return { root, newNodes: [] }
  const loaded = await loadPaths(store, root, work)
  const updated = apply(loaded, work, 0, work.length, 0)
  const newNodes = hashTree(updated)
  return { root: updated === undefined ? ZERO_HASH : wordsToHash(updated.hash!), newNodes }
}

/** Values of the keys, in order; 0n where there is no leaf. One round trip per level. @throws {MissingNodeError} */
export async function readTree(store: NodeStore, root: Hash, keys: readonly Uint8Array[]): Promise<bigint[]> {
  const values = keys.map(() => 0n)
  const wanted = keys.map((key) => bytesToWords(key))
  let frontier = root === ZERO_HASH ? [] : [{ hash: hexDigitsToWords(root.slice(2)), indices: [...keys.keys()] }]
  for (let depth = 0; frontier.length > 0; depth++) {
    const found = await load(
      store,
      frontier.map(({ hash }) => hash),
      (index) => wanted[frontier[index]!.indices[0]!]!,
      depth,
    )
    const next: typeof frontier = []
    for (const [position, { indices }] of frontier.entries()) {
      const node = found[position]!
      if (node.kind === 'leaf') {
        for (const index of indices) if (equalWords(node.key, wanted[index]!)) values[index] = wordsToBigInt(node.value)
        continue
      }
      for (const [bit, child] of [node.left, node.right].entries()) {
        const below = indices.filter((index) => pathBit(wanted[index]!, depth) === bit)
        if (child !== undefined && below.length > 0) next.push({ hash: child.hash!, indices: below })
      }
    }
    frontier = next
  }
  return values
}

async function load(store: NodeStore, hashes: readonly Words[], path: (index: number) => Words, depth: number) {
  const found = await store.getNodes(hashes.map((hash) => wordsToBytes(hash)))
  return hashes.map((hash, index) => {
    const data = found[index]
    if (data === undefined)
      throw new MissingNodeError('The tree has a node that the store lacks.', {
        facts: { hash: wordsToHash(hash), depth, path: describePath(path(index), depth) },
      })
    return decodeNode(data, hash, path(index), depth)
  })
}

/** Left and right as 0 and 1, from the root. */
function describePath(key: Words, depth: number): string {
  let bits = ''
  for (let level = 0; level < depth; level++) bits += pathBit(key, level)
  return bits
}

/** A place whose node is to be loaded: its changes are work[from..to); none for a sibling that may have to move up. */
type Place = { hash: Words; from: number; to: number; path: Words; put: (node: Internal | Leaf) => void }

/** The nodes that `apply` will look at. Orders `work` by path on the way: a subtree's changes are neighbours. */
async function loadPaths(store: NodeStore, root: Hash, work: Change[]): Promise<Node | undefined> {
  if (root === ZERO_HASH) return undefined
  let top: Node | undefined
  const rootHash = hexDigitsToWords(root.slice(2))
  const put = (node: Internal | Leaf) => {
    top = node
  }
  let places: Place[] = [{ hash: rootHash, from: 0, to: work.length, path: work[0]!.key, put }]
  for (let depth = 0; places.length > 0; depth++) {
    const current = places
    const nodes = await load(
      store,
      current.map(({ hash }) => hash),
      (index) => current[index]!.path,
      depth,
    )
    places = []
    for (const [index, place] of current.entries()) {
      const node = nodes[index]!
      place.put(node)
      if (node.kind === 'internal' && place.from < place.to) places.push(...placesBelow(node, place, work, depth))
    }
  }
  return top
}

function placesBelow(node: Internal, { from, to }: Place, work: Change[], depth: number): Place[] {
  const middle = partition(work, from, to, depth)
  const sides = [
    { child: node.left, from, to: middle, put: (loaded: Node) => void Object.assign(node, { left: loaded }) },
    { child: node.right, from: middle, to, put: (loaded: Node) => void Object.assign(node, { right: loaded }) },
  ]
  const deletes = (start: number, end: number) => {
    for (let index = start; index < end; index++) if (isZero(work[index]!.value)) return true
    return false
  }
  const below: Place[] = []
  for (const [bit, side] of sides.entries()) {
    const other = sides[1 - bit]!
    if (side.child === undefined) continue
    // A subtree without changes matters when the other side may vanish: a leaf would move up.
    if (side.from === side.to && !deletes(other.from, other.to)) continue
    const path = side.from < side.to ? work[side.from]!.key : flipBit(work[other.from]!.key, depth)
    below.push({ hash: side.child.hash!, from: side.from, to: side.to, path, put: side.put })
  }
  return below
}

function flipBit(key: Words, level: number): Words {
  const flipped = key.slice()
  const bit = level >> 2
  const index = 2 * (level & 3) + (bit >> 5)
  flipped[index] = flipped[index]! ^ (1 << (bit & 31))
  return flipped
}

/** Moves changes whose path turns left at this level before those that turn right; returns where these begin. */
function partition(work: Change[], from: number, to: number, level: number): number {
  let middle = from
  for (let index = from; index < to; index++) {
    const change = work[index]!
    if (pathBit(change.key, level) === 1) continue
    work[index] = work[middle]!
    work[middle++] = change
  }
  return middle
}

/** The subtree after its changes. A subtree with one leaf is that leaf; one with none is undefined. */
function apply(node: Node | undefined, work: Change[], from: number, to: number, depth: number): Node | undefined {
  if (from === to) return node
  if (node === undefined || node.kind === 'leaf') return build(mergeLeaf(node, work, from, to), depth)
  if (node.kind === 'stub') throw new MissingNodeError('A node on the path was not loaded.', { facts: { depth } })
  const middle = partition(work, from, to, depth)
  const left = apply(node.left, work, from, middle, depth + 1)
  const right = apply(node.right, work, middle, to, depth + 1)
  if (left === node.left && right === node.right) return node
  return join(left, right, depth)
}

function join(left: Node | undefined, right: Node | undefined, depth: number): Node | undefined {
  if (left === undefined || right === undefined) {
    const only = left ?? right
    if (only === undefined) return undefined
    if (only.kind === 'leaf') return { ...only, depth, hash: undefined }
  }
  return { kind: 'internal', left, right, hash: undefined }
}

/** The leaves of a place that held one leaf or none, with the changes applied; undefined when nothing changes. */
function mergeLeaf(leaf: Leaf | undefined, work: Change[], from: number, to: number): Leaf[] {
  const leaves: Leaf[] = []
  let kept = leaf
  for (let index = from; index < to; index++) {
    const { key, value } = work[index]!
    if (leaf !== undefined && equalWords(key, leaf.key)) {
      if (equalWords(value, leaf.value)) continue
      kept = undefined
    }
    if (!isZero(value)) leaves.push({ kind: 'leaf', key, value, depth: 0, hash: undefined })
  }
  if (kept !== undefined) leaves.push(kept)
  return leaves
}

/** The tree of some leaves: split by the bits of their keys until each is alone. */
function build(leaves: Leaf[], depth: number): Node | undefined {
  const [first] = leaves
  if (first === undefined) return undefined
  if (leaves.length === 1)
    return first.hash !== undefined && first.depth === depth ? first : { ...first, depth, hash: undefined }
  const side = (bit: number) =>
    build(
      leaves.filter(({ key }) => pathBit(key, depth) === bit),
      depth + 1,
    )
  return { kind: 'internal', left: side(0), right: side(1), hash: undefined }
}
