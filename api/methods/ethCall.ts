import { bytesToHex } from '#common/bytes.ts'
import { getEvmBlock } from '../chain/evmBlocks.ts'
import type { ApiDeps } from '../deps.ts'
import { responseTooLarge } from '../errors.ts'
import { blockOverridesParam } from '../evm/blockOverrides.ts'
import { callParam } from '../evm/callObject.ts'
import { callError, requireSuccess } from '../evm/callOutcome.ts'
import { estimateGas } from '../evm/estimates.ts'
import { toSimulatedCall } from '../evm/simulatedCall.ts'
import { stateOverrideParam } from '../evm/stateOverride.ts'
import { quantity, word } from '../format.ts'
import { method } from '../method.ts'
import { blockParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_RETURN_DATA_BYTES = 1024 * 1024

/** Trying calls out. */
export const ethCallMethods = (deps: ApiDeps) => {
  const { evm, limits } = deps
  const limitsOf = (signal: AbortSignal | undefined) => ({ timeoutMs: limits.evmTimeoutMs, signal })

  return [
    method({
      name: 'eth_call',
      summary: 'Result of a call on the state after a block',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam), optional(blockOverridesParam)],
      result: schema.bytes,
      handle: async ([call, block, overrides, blockOverrides], { signal }) => {
        const request = {
          call: { ...toSimulatedCall(call, deps), lendsValue: true },
          block: await getEvmBlock(deps, block, { overrides: blockOverrides }),
          overrides,
        }
        const result = await evm.run('call', request, limitsOf(signal))
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
        const evmBlock = await getEvmBlock(deps, block)
        return quantity(await estimateGas(deps, call, evmBlock, { overrides, signal }))
      },
    }),
    method({
      name: 'eth_createAccessList',
      summary:
        'Accounts and storage a call touches; the gas is that without a list, which no transaction here can have',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam)],
      result: schema.object(
        {
          accessList: schema.listOf(
            schema.object({ address: schema.address, storageKeys: schema.listOf(schema.word) }),
          ),
          gasUsed: schema.quantity,
        },
        { error: schema.text },
      ),
      handle: async ([call, block, overrides], { signal }) => {
        const request = { call: toSimulatedCall(call, deps), block: await getEvmBlock(deps, block), overrides }
        const { result, accessList } = await evm.run('accessList', request, limitsOf(signal))
        const error = callError(result, request.call)
        if (result.kind === 'refused') throw error
        return {
          accessList: accessList.map(({ address, storageKeys }) => ({ address, storageKeys: storageKeys.map(word) })),
          gasUsed: quantity(result.gasUsed),
          ...(error === undefined ? {} : { error: error.shortMessage }),
        }
      },
    }),
  ]
}
