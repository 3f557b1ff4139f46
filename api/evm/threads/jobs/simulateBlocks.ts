import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { CallRefusedError, type PlannedBlock, type SimulatedBlock, simulateBlocks } from '#executor/simulateBlocks.ts'
import type { Hash } from '#protocol/primitives.ts'
import { RpcError, SIMULATION_CODE } from '../../../errors.ts'
import { type EvmJob, evmJob, type StateAt } from '../job.ts'

export type SimulateBlocksRequest = {
  plan: readonly PlannedBlock[]
  state: StateAt
  stateRoot: Hash
  forkId: number
  validates: boolean
  tracesTransfers: boolean
  gasCap: number
}

/** Makes blocks out of calls. */
export const simulateBlocksJob: EvmJob<SimulateBlocksRequest, SimulatedBlock[]> = evmJob(
  async ({ plan, state, ...options }, { db, states, pace }) => {
    const store = createDatabaseNodeStore(db)
    try {
      return await simulateBlocks(plan, { ...options, reader: states.readerAt(state), store, pace })
    } catch (error) {
      if (error instanceof CallRefusedError) throw new RpcError(SIMULATION_CODE[error.refusal], error.shortMessage)
      throw error
    }
  },
)
