import type { BlockContext } from '#executor/evm/interpreter.ts'
import { type SimulatedCall, type SimulationResult, simulateOn } from '#executor/simulate.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { withBlockWorld } from '../blockWorld.ts'
import { type EvmBlock, type EvmJob, evmJob } from '../job.ts'
import { simulationOptions } from '../simulationOptions.ts'

export type CallManyRequest = {
  block: EvmBlock
  /** Each in a block of its own. */
  bundles: readonly { block: BlockContext; calls: readonly SimulatedCall[] }[]
  overrides?: StateOverrides | undefined
}

/** Runs calls one after the other, each on what those before have left. */
export const callManyJob: EvmJob<CallManyRequest, SimulationResult[][]> = evmJob(({ block, bundles, overrides }, job) =>
  withBlockWorld(block, overrides, job, async (world) => {
    const results: SimulationResult[][] = []
    for (const { block: context, calls } of bundles) {
      const options = simulationOptions({ ...block, context }, overrides, job.pace)
      const ofBundle: SimulationResult[] = []
      for (const call of calls) ofBundle.push(await simulateOn(world, call, options))
      results.push(ofBundle)
    }
    return results
  }),
)
