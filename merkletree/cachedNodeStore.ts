import { NodeArena } from './nodeArena.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'

/** About 120 MB. */
const DEFAULT_MAX_NODES = 1_000_000

export interface CachedNodeStore extends NodeStore {
  /** Makes new nodes known without a round trip. */
  add(nodes: Iterable<StoredNode>): void
}

/**
 * Keeps nodes that were read or added in memory, at most `maxNodes` of about 120 bytes: two generations, the older
 * dropped when the younger is full, so that the upper levels, which every walk uses, stay.
 */
export function createCachedNodeStore(store: NodeStore, { maxNodes = DEFAULT_MAX_NODES } = {}): CachedNodeStore {
  let young = new NodeArena()
  let old = new NodeArena()

  const keep = (hash: Uint8Array, data: Uint8Array) => {
    if (young.size >= maxNodes / 2) {
      old = young
      young = new NodeArena()
    }
    young.add(hash, data)
  }
  const find = (hash: Uint8Array) => {
    const known = young.find(hash)
    if (known !== undefined) return known
    const older = old.find(hash)
    if (older !== undefined) keep(hash, older)
    return older
  }

  return {
    add(nodes) {
      for (const { hash, data } of nodes) keep(hash, data)
    },

    async getNodes(hashes) {
      const found = hashes.map(find)
      const missing: number[] = []
      for (let index = 0; index < found.length; index++) if (found[index] === undefined) missing.push(index)
      if (missing.length === 0) return found
      const loaded = await store.getNodes(missing.map((index) => hashes[index]!))
      for (const [position, index] of missing.entries()) {
        const data = loaded[position]
        found[index] = data
        if (data !== undefined) keep(hashes[index]!, data)
      }
      return found
    },
  }
}
