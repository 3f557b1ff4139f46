import { bytesToHex } from '#common/bytes.ts'
import { type BlockOverrides, getEvmBlock } from '../chain/evmBlocks.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument } from '../errors.ts'
import { parseBlockOverrides } from '../evm/blockOverrides.ts'
import { type CallObject, parseCallObject } from '../evm/callObject.ts'
import { callError } from '../evm/callOutcome.ts'
import { toSimulatedCall } from '../evm/simulatedCall.ts'
import { stateOverrideParam } from '../evm/stateOverride.ts'
import { method } from '../method.ts'
import { type BlockParameter, customParam, optional, parseBlockParameter, parseList, parseObject } from '../params.ts'
import * as schema from '../schemas.ts'

type Bundle = { calls: CallObject[]; blockOverrides: BlockOverrides }

const MAX_CALLS = 1000
/** Stands for all transactions of the block. */
const ALL_TRANSACTIONS = -1

const bundlesParam = customParam('bundles', { type: 'array', items: { type: 'object' } }, parseBundles)
const contextParam = customParam('simulateContext', { type: 'object' }, parseContext)

/** Several calls on each other's effects. Source of the forms: erigon, eth_callMany. */
export const ethCallManyMethods = (deps: ApiDeps) => [
  method({
    name: 'eth_callMany',
    summary: 'Results of bundles of calls, each call on the state the calls before it have left',
    cost: 50,
    params: [bundlesParam, optional(contextParam), optional(stateOverrideParam)],
    result: schema.listOf(
      schema.listOf(
        schema.either(
          schema.object({ value: schema.bytes }),
          schema.object({ error: schema.text }, { data: schema.bytes }),
        ),
      ),
    ),
    handle: async ([bundles, place, overrides], { signal }) => {
      const block = await getEvmBlock(deps, place?.block, { txCount: place?.txCount })
      const plan = bundles.map(({ calls, blockOverrides }) => ({
        block: { ...block.context, ...blockOverrides },
        calls: calls.map((call) => ({ ...toSimulatedCall(call, deps), lendsValue: true })),
      }))
      const request = { block, bundles: plan, overrides }
      const results = await deps.evm.run('callMany', request, { timeoutMs: deps.limits.evmTimeoutMs, signal })
      return results.map((ofBundle, bundle) =>
        ofBundle.map((result, index) => {
          const error = callError(result, plan[bundle]!.calls[index]!)
          if (error !== undefined)
            return { error: error.shortMessage, ...(error.data === undefined ? {} : { data: error.data }) }
          return { value: bytesToHex(result.kind === 'executed' ? result.returnData : new Uint8Array()) }
        }),
      )
    },
  }),
]

function parseBundles(value: unknown, index: number): Bundle[] {
  const bundles = parseList(value, index).map((each) => {
    const { transactions, blockOverride } = parseObject(each, index)
    return {
      calls: parseList(transactions, index).map((call) => parseCallObject(call, index)),
      blockOverrides: blockOverride === undefined ? {} : parseBlockOverrides(blockOverride, index),
    }
  })
  if (bundles.length === 0) throw invalidArgument(index, 'empty bundles')
  const count = bundles.reduce((sum, { calls }) => sum + calls.length, 0)
  if (count > MAX_CALLS) throw invalidArgument(index, `more than ${MAX_CALLS} calls`)
  return bundles
}

/** A block, and how many of its transactions come before the calls. */
function parseContext(value: unknown, index: number): { block: BlockParameter; txCount: number | undefined } {
  const { blockNumber = 'latest', transactionIndex = ALL_TRANSACTIONS } = parseObject(value, index)
  const block = parseBlockParameter(blockNumber, index)
  if (transactionIndex === ALL_TRANSACTIONS) return { block, txCount: undefined }
  if (!Number.isSafeInteger(transactionIndex) || (transactionIndex as number) < 0)
    throw invalidArgument(index, 'transactionIndex must be the number of a transaction, or -1')
  return { block, txCount: transactionIndex as number }
}
