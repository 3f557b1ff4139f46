import { bytesToHex } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { type KeyWords, keyBit, MAX_DEPTH, partition } from './keyBits.ts'
import type { NodeStore } from './nodeStore.ts'
import { writeWords } from './words.ts'

export const INTERNAL_BYTES = 64
export const LEAF_BYTES = 65

/** The store lacks a node that the tree's root commits to. */
export class MissingNodeError extends NodeError {
  override readonly name = 'MissingNodeError'
}

/** What the store has under a hash is no node. */
export class DamagedNodeError extends NodeError {
  override readonly name = 'DamagedNodeError'
}

/**
 * Where a node of the walk is. The keys below it are order[from..to); none when it is only a sibling. Key `pathKey`
 * leads to it, except that a sibling is on the other side at the level above. `parent` is what `visit` gave for the
 * node above, -1 at the root; `side` is 0 for left and 1 for right.
 */
export type Place = {
  hash: Uint8Array
  from: number
  to: number
  pathKey: number
  parent: number
  side: 0 | 1
}

type Walk = {
  store: NodeStore
  rootHash: Uint8Array
  keys: KeyWords
  /** Indexes of the keys; ends up ordered by path, so that the keys below a node are neighbours. */
  order: Int32Array
  /** Whether the sibling of a subtree with the keys order[from..to) is to be loaded although no key is below it. */
  wantsSibling: (from: number, to: number) => boolean
  /** Called level by level from the root. The result is `parent` of the places below. */
  visit: (place: Place, data: Uint8Array, depth: number) => number
}

/** Visits the nodes on the paths of the keys: one round trip a level. @throws {MissingNodeError} {DamagedNodeError} */
export async function walkPaths({ store, rootHash, keys, order, wantsSibling, visit }: Walk): Promise<void> {
  let places: Place[] = []
  if (!isZero(rootHash, 0) && order.length > 0)
    places.push({ hash: rootHash, from: 0, to: order.length, pathKey: order[0]!, parent: -1, side: 0 })
  for (let depth = 0; places.length > 0; depth++) {
    const found = await store.getNodes(places.map(({ hash }) => hash))
    const below: Place[] = []
    for (let index = 0; index < places.length; index++) {
      const place = places[index]!
      const data = found[index]
      const { from, to, hash } = place
      if (data === undefined)
        throw new MissingNodeError('The tree has a node that the store lacks.', { facts: factsOf(place, keys, depth) })
      const isInternal = data.length === INTERNAL_BYTES
      if (!isInternal && (data.length !== LEAF_BYTES || data[0] !== 1))
        throw new DamagedNodeError('The store holds something that is no node.', { facts: factsOf(place, keys, depth) })
      if (isInternal && depth === MAX_DEPTH)
        throw new DamagedNodeError('The tree is deeper than keys are long.', { facts: { hash: bytesToHex(hash) } })
      const parent = visit(place, data, depth)
      if (!isInternal || from === to) continue
      const middle = partition(keys, order, from, to, depth)
      if (!isZero(data, 0) && (from < middle || wantsSibling(middle, to))) {
        below.push({ hash: data.subarray(0, 32), from, to: middle, pathKey: order[from]!, parent, side: 0 })
      }
      if (!isZero(data, 32) && (middle < to || wantsSibling(from, middle))) {
        const pathKey = order[middle < to ? middle : from]!
        below.push({ hash: data.subarray(32, 64), from: middle, to, pathKey, parent, side: 1 })
      }
    }
    places = below
  }
}

function isZero(data: Uint8Array, offset: number): boolean {
  for (let i = offset + 31; i >= offset; i--) if (data[i] !== 0) return false
  return true
}

/** `path`: left and right as 0 and 1, from the root. `key` leads to the node; `besideKey` to the node beside it. */
function factsOf({ hash, from, to, pathKey, side }: Place, keys: KeyWords, depth: number) {
  let path = ''
  for (let level = 0; level < depth - 1; level++) path += keyBit(keys, pathKey, level)
  const key = new Uint8Array(32)
  writeWords(keys, 8 * pathKey, key, 0)
  return {
    ...{ hash: bytesToHex(hash), depth, path: depth === 0 ? path : path + side },
    [from < to ? 'key' : 'besideKey']: bytesToHex(key),
  }
}
