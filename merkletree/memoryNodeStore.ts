import { NodeArena } from './nodeArena.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'

/** Nodes in memory: block info trees, witnesses, tests. */
export class MemoryNodeStore implements NodeStore {
  readonly #nodes = new NodeArena()

  async getNodes(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return hashes.map((hash) => this.#nodes.find(hash))
  }

  add(nodes: Iterable<StoredNode>): void {
    for (const { hash, data } of nodes) this.#nodes.add(hash, data)
  }

  get size(): number {
    return this.#nodes.size
  }
}
