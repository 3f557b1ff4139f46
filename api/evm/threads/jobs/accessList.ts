import { type AccessList, AccessListTracer } from '#executor/accessList.ts'
import { type SimulationResult, simulateOn } from '#executor/simulate.ts'
import { contractAddress } from '#protocol/transaction.ts'
import { type EvmJob, evmJob } from '../job.ts'
import { simulationOptions } from '../simulationOptions.ts'
import type { CallRequest } from './call.ts'

type AccessListResponse = { result: SimulationResult; accessList: AccessList }

/** Runs a call and tells what it touched. */
export const accessListJob: EvmJob<CallRequest, AccessListResponse> = evmJob(
  ({ call, block, overrides }, { states, pace }) => {
    const options = simulationOptions(block, overrides, pace)
    return states.withWorld(
      block.state,
      async (world) => {
        await world.prefetchAccounts([call.from])
        const target = call.to ?? contractAddress(call.from, world.account(call.from).nonce)
        const tracer = new AccessListTracer()
        const result = await simulateOn(world, call, { ...options, tracer })
        return { result, accessList: tracer.list([call.from, target]) }
      },
      overrides,
    )
  },
)
