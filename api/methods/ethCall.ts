import { bytesToHex } from '#common/bytes.ts'
import { MAX_TRANSACTION_GAS } from '#pool/admission.ts'
import { blockOverridesParam } from '../blockOverrides.ts'
import { getBlockByParameter } from '../blockTag.ts'
import { callParam } from '../callObject.ts'
import { requireEstimate, requireSuccess } from '../callOutcome.ts'
import type { ApiDeps } from '../deps.ts'
import { responseTooLarge } from '../errors.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'
import { toSimulatedCall } from '../simulatedCall.ts'
import { stateOverrideParam } from '../stateOverride.ts'

const MAX_RETURN_DATA_BYTES = 1024 * 1024

/** Trying calls out. */
export const ethCallMethods = (deps: ApiDeps) => {
  const { evm, limits } = deps

  return [
    method({
      name: 'eth_call',
      summary: 'Result of a call on the state after a block',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam), optional(blockOverridesParam)],
      result: schema.bytes,
      handle: async ([call, block, overrides, blockOverrides], { signal }) => {
        const header = await getBlockByParameter(deps, block)
        const request = {
          call: { ...toSimulatedCall(call, deps), lendsValue: true },
          block: await deps.evmBlock(header, blockOverrides),
          overrides,
        }
        const result = await evm.run('call', request, { timeoutMs: limits.evmTimeoutMs, signal })
        const { returnData } = requireSuccess(result, request.call)
        if (returnData.length > MAX_RETURN_DATA_BYTES) throw responseTooLarge()
        return bytesToHex(returnData)
      },
    }),
    method({
      name: 'eth_estimateGas',
      summary: 'Least gas limit with which the transaction succeeds',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam)],
      result: schema.quantity,
      handle: async ([call, block, overrides], { signal }) => {
        const header = await getBlockByParameter(deps, block)
        const simulated = toSimulatedCall(call, deps)
        const request = {
          call: { ...simulated, gas: Math.min(simulated.gas, Number(MAX_TRANSACTION_GAS)) },
          block: await deps.evmBlock(header),
          overrides,
        }
        const estimate = await evm.run('estimateGas', request, { timeoutMs: limits.evmTimeoutMs, signal })
        return quantity(requireEstimate(estimate))
      },
    }),
  ]
}
