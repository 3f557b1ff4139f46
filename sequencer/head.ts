import { type BlockRow, getLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { StatePrefetcher } from '#executor/prefetcher.ts'
import { WorldState } from '#executor/worldState.ts'
import { type CachedNodeStore, createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'

/** The newest L2 block and what is in memory of the state after it. Valid while nobody else writes blocks. */
export type Head = { last: BlockRow; world: WorldState; prefetcher: StatePrefetcher; nodes: CachedNodeStore }

export async function loadHead(db: Database, forkId: number): Promise<Head> {
  const world = new WorldState(createDatabaseStateReader(db))
  return {
    last: await getLastBlock(db),
    world,
    prefetcher: new StatePrefetcher(world, { forkId }),
    nodes: createCachedNodeStore(createDatabaseNodeStore(db)),
  }
}
