import type { Database } from '#db/client.ts'
import { overrideState, type StateOverrides } from '#executor/stateOverrides.ts'
import type { StateReader } from '#executor/stateReader.ts'
import { WorldState } from '#executor/worldState.ts'
import type { Hash } from '#protocol/primitives.ts'
import { createStateReaders } from '../../chain/stateReaders.ts'
import type { StateAt } from './job.ts'

/** Lends worlds to jobs. */
export interface ThreadStates {
  readerAt(state: StateAt): StateReader
  /**
   * A world at the state after a block, for this work alone; what it writes is undone. Worlds are kept for the next
   * job: what they have read is in memory then. With overrides it is a world that only this job sees.
   */
  withWorld<T>(state: StateAt, work: (world: WorldState) => Promise<T>, overrides?: StateOverrides): Promise<T>
}

/** Blocks of which worlds are kept, the most recently used ones. */
const KEPT_BLOCKS = 8
const IDLE_WORLDS = 2
const WORLD_ENTRIES = 40_000

export function createThreadStates(db: Database): ThreadStates {
  const readerAt = createStateReaders(db)
  const idleByBlock = new Map<Hash, WorldState[]>()

  function idleWorlds(hash: Hash): WorldState[] {
    const worlds = idleByBlock.get(hash) ?? []
    idleByBlock.delete(hash)
    idleByBlock.set(hash, worlds)
    if (idleByBlock.size > KEPT_BLOCKS) idleByBlock.delete(idleByBlock.keys().next().value!)
    return worlds
  }

  return {
    readerAt,
    async withWorld(state, work, overrides) {
      if (overrides !== undefined && overrides.size > 0)
        return await work(new WorldState(overrideState(readerAt(state), overrides)))
      const idle = idleWorlds(state.hash)
      const world = idle.pop() ?? new WorldState(readerAt(state), { maxEntries: WORLD_ENTRIES })
      world.beginBlock()
      try {
        return await work(world)
      } finally {
        world.discardBlock()
        if (idle.length < IDLE_WORLDS) idle.push(world)
      }
    },
  }
}
