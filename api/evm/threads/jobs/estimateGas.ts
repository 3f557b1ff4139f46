import { estimateGas, type GasEstimate } from '#executor/estimateGas.ts'
import { type EvmJob, evmJob } from '../job.ts'
import { simulationOptions } from '../simulationOptions.ts'
import type { CallRequest } from './call.ts'

/** Finds the gas limit of a call, up to the one it has. */
export const estimateGasJob: EvmJob<CallRequest, GasEstimate> = evmJob(
  ({ call, block, overrides }, { states, pace }) => {
    const options = simulationOptions(block, overrides, pace)
    return states.withWorld(block.state, (world) => estimateGas(world, call, options), overrides)
  },
)
