import type { NodeStore, StoredNode } from './nodeStore.ts'
import { mapKey } from './words.ts'

/** Nodes in a map: block info trees, witnesses, tests. */
export class MemoryNodeStore implements NodeStore {
  readonly #nodes = new Map<string, Uint8Array>()

  async getNodes(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return hashes.map((hash) => this.#nodes.get(mapKey(hash)))
  }

  add(nodes: Iterable<StoredNode>): void {
    for (const { hash, data } of nodes) this.#nodes.set(mapKey(hash), data)
  }

  get size(): number {
    return this.#nodes.size
  }
}
