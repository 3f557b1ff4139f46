import { type SimulatedCall, type SimulationResult, simulateOn } from '#executor/simulate.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { type EvmBlock, type EvmJob, evmJob } from '../job.ts'

/** A call on the state after a block. */
export type CallRequest = { call: SimulatedCall; block: EvmBlock; overrides?: StateOverrides | undefined }

/** Runs a call. */
export const callJob: EvmJob<CallRequest, SimulationResult> = evmJob(({ call, block, overrides }, { states, pace }) => {
  const { context, forkId, treeDepth } = block
  return states.withWorld(
    block.state,
    (world) => simulateOn(world, call, { block: context, forkId, treeDepth, pace }),
    overrides,
  )
})
