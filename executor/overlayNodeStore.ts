import { bytesToHex } from '#common/bytes.ts'
import type { NodeStore, StoredNode } from '#merkletree/nodeStore.ts'

/** Nodes that are not stored yet, over those that are. */
export class OverlayNodeStore implements NodeStore {
  readonly #below: NodeStore
  readonly #nodes = new Map<string, Uint8Array>()

  constructor(below: NodeStore) {
    this.#below = below
  }

  add(nodes: readonly StoredNode[]): void {
    for (const { hash, data } of nodes) this.#nodes.set(bytesToHex(hash), data)
  }

  async getNodes(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const found = hashes.map((hash) => this.#nodes.get(bytesToHex(hash)))
    const missing = hashes.filter((_, index) => found[index] === undefined)
    if (missing.length === 0) return found
    const below = await this.#below.getNodes(missing)
    let next = 0
    return found.map((data) => data ?? below[next++])
  }
}
