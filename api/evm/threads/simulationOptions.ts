import type { Pace } from '#executor/evm/pace.ts'
import type { SimulationOptions } from '#executor/simulate.ts'
import { overridePrecompiles, type StateOverrides } from '#executor/stateOverrides.ts'
import { getForkRules } from '#protocol/forks.ts'
import type { EvmBlock } from './job.ts'

/** How a call of a job runs. */
export function simulationOptions(
  { context, forkId, treeDepth }: Omit<EvmBlock, 'state'>,
  overrides: StateOverrides | undefined,
  pace: Pace,
): SimulationOptions {
  const isOverridden = overrides !== undefined && overrides.size > 0
  const precompiles = isOverridden ? overridePrecompiles(overrides, getForkRules(forkId)) : undefined
  return { block: context, forkId, treeDepth, pace, precompiles }
}
