import type { NodeStore, StoredNode } from './nodeStore.ts'
import { mapKey } from './words.ts'

/** A node takes about 250 bytes in memory. */
const DEFAULT_MAX_NODES = 400_000

export interface CachedNodeStore extends NodeStore {
  /** Makes new nodes known without a round trip. */
  add(nodes: Iterable<StoredNode>): void
}

/**
 * Keeps nodes that were read or added in memory, at most `maxNodes`: two generations, the older dropped when the
 * younger is full, so that the upper levels, which every walk uses, stay.
 */
export function createCachedNodeStore(store: NodeStore, { maxNodes = DEFAULT_MAX_NODES } = {}): CachedNodeStore {
  let young = new Map<string, Uint8Array>()
  let old = new Map<string, Uint8Array>()

  const keep = (key: string, data: Uint8Array) => {
    if (young.size >= maxNodes / 2) {
      old = young
      young = new Map()
    }
    young.set(key, data)
  }
  const find = (key: string) => {
    const known = young.get(key)
    if (known !== undefined) return known
    const older = old.get(key)
    if (older !== undefined) keep(key, older)
    return older
  }

  return {
    add(nodes) {
      for (const { hash, data } of nodes) keep(mapKey(hash), data)
    },

    async getNodes(hashes) {
      const keys = hashes.map(mapKey)
      const found = keys.map(find)
      const missing = [...found.keys()].filter((index) => found[index] === undefined)
      if (missing.length === 0) return found
      const loaded = await store.getNodes(missing.map((index) => hashes[index]!))
      for (const [position, index] of missing.entries()) {
        const data = loaded[position]
        found[index] = data
        if (data !== undefined) keep(keys[index]!, data)
      }
      return found
    },
  }
}
