import type { Queryable } from '#db/client.ts'
import { findInfoLeaves, findLastInfoRoot } from '#db/l1.ts'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'

/**
 * The L1 info tree of the State DB. It stays in memory between leaves and is read again whenever the database has
 * another: at the start, after an L1 reorg, after a transaction that was rolled back.
 */
export class StoredInfoTree {
  #tree = new L1InfoTree()

  async load(tx: Queryable): Promise<L1InfoTree> {
    const stored = (await findLastInfoRoot(tx)) ?? EMPTY_TREE_ROOT
    if (stored !== this.#tree.root) {
      this.#tree = new L1InfoTree()
      for (const { leafHash } of await findInfoLeaves(tx)) this.#tree.append(leafHash)
    }
    return this.#tree
  }
}
