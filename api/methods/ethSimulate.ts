import { getBlockByParameter } from '../chain/blockTag.ts'
import type { ApiDeps } from '../deps.ts'
import { formatSimulation } from '../evm/simulatedBlock.ts'
import { parseSimulation, planBlocks } from '../evm/simulationPlan.ts'
import { method } from '../method.ts'
import { blockParam, customParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'

const payloadParam = customParam('payload', { type: 'object', required: ['blockStateCalls'] }, parseSimulation)

const callFields = {
  ...{ returnData: schema.bytes, logs: schema.listOf(schema.log) },
  ...{ gasUsed: schema.quantity, maxUsedGas: schema.quantity },
}
const callResult = schema.either(
  schema.object({ ...callFields, status: schema.constant('0x1') }),
  schema.object({
    ...callFields,
    status: schema.constant('0x0'),
    error: schema.object({ code: { type: 'integer' }, message: schema.text }, { data: schema.bytes }),
  }),
)

/** Blocks that could be. Source: execution-apis, eth_simulateV1. */
export const ethSimulateMethods = (deps: ApiDeps) => [
  method({
    name: 'eth_simulateV1',
    summary: 'Blocks made of calls, on a state and with headers that may be pretended',
    cost: 50,
    params: [payloadParam, optional(blockParam('block'))],
    result: schema.listOf(schema.blockWith({ calls: schema.listOf(callResult) })),
    handle: async ([payload, blockParameter], { signal }) => {
      const base = await getBlockByParameter(deps, blockParameter)
      const { state, forkId } = await deps.evmBlock(base)
      const { validates, tracesTransfers, returnsFull } = payload
      const request = {
        ...{ plan: planBlocks(payload, base, deps.chainId), state, stateRoot: base.stateRoot, forkId },
        ...{ validates, tracesTransfers, gasCap: deps.limits.gasCap },
      }
      const blocks = await deps.evm.run('simulateBlocks', request, { timeoutMs: deps.limits.evmTimeoutMs, signal })
      return formatSimulation(blocks, base, { returnsFull })
    },
  }),
]
