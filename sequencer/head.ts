import { type BlockRow, getLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { WorldState } from '#executor/worldState.ts'
import { type CachedNodeStore, createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'

/** The newest L2 block and what is in memory of the state after it. Valid while nobody else writes blocks. */
export type Head = { last: BlockRow; world: WorldState; nodes: CachedNodeStore }

export async function loadHead(db: Database): Promise<Head> {
  return {
    last: await getLastBlock(db),
    world: new WorldState(createDatabaseStateReader(db)),
    nodes: createCachedNodeStore(createDatabaseNodeStore(db)),
  }
}
