import { bytesToHex } from '#common/bytes.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { effectiveGasPrice, FULL_PRICE_PERCENTAGE } from '#protocol/effectiveGasPrice.ts'
import { getForkRules } from '#protocol/forks.ts'
import { getEvmBlock } from '../chain/evmBlocks.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import { type CallObject, callParam } from '../evm/callObject.ts'
import { callError, outOfCounters } from '../evm/callOutcome.ts'
import { estimateGas } from '../evm/estimates.ts'
import { toSimulatedCall } from '../evm/simulatedCall.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'

/** Names in the API, in the order of zkevm-node. */
const COUNTERS = {
  KeccakHashes: 'keccakHashes',
  PoseidonHashes: 'poseidonHashes',
  PoseidonPaddings: 'poseidonPaddings',
  MemAligns: 'memAligns',
  Arithmetics: 'arithmetics',
  Binaries: 'binaries',
  Steps: 'steps',
  SHA256Hashes: 'sha256Hashes',
} as const satisfies Record<string, keyof ZkCounters>

const named = <T>(prefix: string, toValue: (counter: keyof ZkCounters) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(COUNTERS).map(([name, counter]) => [`${prefix}${name}`, toValue(counter)]))

const countersResult = schema.object(
  {
    countersUsed: schema.object({ gasUsed: schema.quantity, ...named('used', () => schema.quantity) }),
    countersLimit: schema.object({ maxGasUsed: schema.quantity, ...named('max', () => schema.quantity) }),
  },
  { revert: schema.object({ message: schema.text }, { data: schema.bytes }), oocError: schema.text },
)

/** What a call would cost: zk-counters, price, fee. */
export const zkevmEstimateMethods = (deps: ApiDeps) => [
  method({
    name: 'zkevm_estimateCounters',
    summary: 'Zk-counters a call uses, beside the limits of a batch',
    cost: 10,
    params: [callParam, optional(blockParam('block'))],
    result: countersResult,
    handle: async ([call, block], { signal }) => {
      const request = { call: toSimulatedCall(call, deps), block: await getEvmBlock(deps, block) }
      const result = await deps.evm.run('call', request, { timeoutMs: deps.limits.evmTimeoutMs, signal })
      const error = callError(result, request.call)
      if (result.kind === 'refused') throw error
      const { counterBudget, blockGasLimit } = getForkRules(request.block.forkId)
      if (counterBudget === undefined) throw serverError(`no counters are known of fork ${request.block.forkId}`)
      const { counters, exhaustedCounter, gasUsed, returnData } = result
      const revert = { message: error?.shortMessage, data: bytesToHex(returnData) }
      return {
        countersUsed: { gasUsed: quantity(gasUsed), ...named('used', (counter) => quantity(counters[counter])) },
        countersLimit: {
          maxGasUsed: quantity(blockGasLimit),
          ...named('max', (counter) => quantity(counterBudget[counter])),
        },
        ...(error === undefined ? {} : { revert }),
        ...(exhaustedCounter === undefined ? {} : { oocError: outOfCounters(exhaustedCounter).shortMessage }),
      }
    },
  }),
  method({
    name: 'zkevm_estimateGasPrice',
    summary: 'Price per gas the call would be charged, wei: this sequencer charges all of the price that is offered',
    cost: 10,
    params: [callParam, optional(blockParam('block'))],
    result: schema.quantity,
    handle: async ([call, block], { signal }) => {
      await estimateGas(deps, call, await getEvmBlock(deps, block), { signal })
      return quantity(chargedPrice(call, deps))
    },
  }),
  method({
    name: 'zkevm_estimateFee',
    summary: 'That price times the estimated gas, wei',
    cost: 10,
    params: [callParam, optional(blockParam('block'))],
    result: schema.quantity,
    handle: async ([call, block], { signal }) => {
      const gas = await estimateGas(deps, call, await getEvmBlock(deps, block), { signal })
      return quantity(chargedPrice(call, deps) * BigInt(gas))
    },
  }),
]

function chargedPrice({ gasPrice }: CallObject, { minGasPriceWei }: ApiDeps): bigint {
  return effectiveGasPrice(gasPrice === 0n ? minGasPriceWei : gasPrice, FULL_PRICE_PERCENTAGE)
}
