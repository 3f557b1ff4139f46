import { bigIntToBytes, bytesToHex } from '#common/bytes.ts'
import { type BlockRow, getLastBlock } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { createFollowingStateReader, type FollowingStateReader } from '#executor/followingStateReader.ts'
import type { StateReader } from '#executor/stateReader.ts'
import { createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import type { Hash } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'

/**
 * State and tree after the newest L2 block, kept in memory from batch to batch: most of what a batch needs was read or
 * written by one before it. Batches may be executed on each other before they are stored. What is in memory is dropped
 * when the State DB turns out to have another block, or when executed blocks were not stored.
 */
export class ChainTip {
  #db: Queryable | undefined
  #state: FollowingStateReader | undefined
  /** Of the last block that is in memory. */
  #hash: Hash | undefined
  readonly #nodes = createCachedNodeStore({
    getNodes: (hashes) => createDatabaseNodeStore(this.#db!).getNodes(hashes),
  })

  /** Reads through this transaction from now on. Returns the newest block. */
  async begin(tx: Queryable): Promise<BlockRow> {
    this.#db = tx
    const last = await getLastBlock(tx)
    if (this.#state === undefined || this.#hash !== last.hash)
      this.#state = createFollowingStateReader({
        getAccounts: (addresses) => createDatabaseStateReader(this.#db!).getAccounts(addresses),
        getStorage: (keys) => createDatabaseStateReader(this.#db!).getStorage(keys),
        getCodes: (hashes) => createDatabaseStateReader(this.#db!).getCodes(hashes),
      })
    this.#state.trim()
    this.#hash = last.hash
    return last
  }

  /** State after the last block; valid until the next `begin`. */
  get reader(): StateReader {
    return this.#state!
  }

  get nodes(): NodeStore {
    return this.#nodes
  }

  /** Of the state after the last block. */
  async readLocalExitRoot(): Promise<Hash> {
    const slot = { address: L2_GLOBAL_EXIT_ROOT_MANAGER, slot: BigInt(LOCAL_EXIT_ROOT_SLOT) }
    const [root] = await this.reader.getStorage([slot])
    return bytesToHex(bigIntToBytes(root!, 32)) as Hash
  }

  /** Executed on the state here. Until `stored` says that they are in the State DB, they are worth nothing later. */
  add(blocks: readonly L2BlockResult[]): void {
    this.#hash = undefined
    for (const { newNodes, stateDiff } of blocks) {
      this.#nodes.add(newNodes)
      this.#state!.add(stateDiff)
    }
  }

  /** The transaction of `begin` holds everything added, up to the block with this hash. */
  stored(hash: Hash): void {
    this.#hash = hash
  }
}
