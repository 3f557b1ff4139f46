import { type SimulatedCall, type SimulationResult, simulateOn } from '#executor/simulate.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { type EvmBlock, type EvmJob, evmJob } from '../job.ts'
import { simulationOptions } from '../simulationOptions.ts'

/** A call on the state after a block. */
export type CallRequest = { call: SimulatedCall; block: EvmBlock; overrides?: StateOverrides | undefined }

/** Runs a call. */
export const callJob: EvmJob<CallRequest, SimulationResult> = evmJob(({ call, block, overrides }, { states, pace }) => {
  const options = simulationOptions(block, overrides, pace)
  return states.withWorld(block.state, (world) => simulateOn(world, call, options), overrides)
})
