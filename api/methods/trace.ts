import { hexToBytes } from '#common/bytes.ts'
import type { SimulatedCall } from '#executor/simulate.ts'
import type { TracerSpec } from '#executor/tracers/createRecorder.ts'
import { decodeSubmission } from '#pool/admission.ts'
import type { Hash } from '#protocol/primitives.ts'
import { findSender } from '#protocol/transaction.ts'
import { getBlockByParameter } from '../chain/blockTag.ts'
import { getEvmBlock } from '../chain/evmBlocks.ts'
import { findTransaction } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, serverError } from '../errors.ts'
import { callParam, parseCallObject } from '../evm/callObject.ts'
import {
  minedParityTrace,
  type PlacedCall,
  parityTrace,
  parseTraceTypes,
  placedCall,
  readFlatCalls,
  traceTypesParam,
} from '../evm/flatTraces.ts'
import { toSimulatedCall } from '../evm/simulatedCall.ts'
import { MAX_TRACE_MS } from '../evm/traceConfig.ts'
import { findFlatCalls, traceFilterParam } from '../evm/traceFilter.ts'
import { getTracedTransaction, traceBlock, traceTransaction } from '../evm/traces.ts'
import { JsonText } from '../jsonText.ts'
import { method, type RequestContext } from '../method.ts'
import {
  type BlockParameter,
  blockNumberParam,
  blockParam,
  customParam,
  dataParam,
  hashParam,
  optional,
  parseList,
  parseSafeQuantity,
} from '../params.ts'
import * as schema from '../schemas.ts'

type PlannedCall = { call: SimulatedCall; spec: TracerSpec }

const MAX_CALLS = 1000

const limitsOf = ({ signal }: RequestContext) => ({ timeoutMs: MAX_TRACE_MS, signal })

/** The calls of transactions in the form of OpenEthereum and Erigon, which explorers and indexers read. */
export const traceMethods = (deps: ApiDeps) => {
  const toCall = (call: ReturnType<typeof parseCallObject>) => ({ ...toSimulatedCall(call, deps), lendsValue: true })

  const callsParam = customParam('calls', schema.listOf({ type: 'array' }), (value, index) => {
    const calls = parseList(value, index).map((each): PlannedCall => {
      const [call, types] = parseList(each, index)
      return { call: toCall(parseCallObject(call, index)), spec: parseTraceTypes(types, index) }
    })
    if (calls.length > MAX_CALLS) throw invalidArgument(index, `more than ${MAX_CALLS} calls`)
    return calls
  })

  async function traceCalls(
    calls: readonly PlannedCall[],
    parameter: BlockParameter | undefined,
    context: RequestContext,
  ) {
    const block = await getEvmBlock(deps, parameter)
    return await deps.evm.run('traceCalls', { calls, block }, limitsOf(context))
  }

  /** null for a transaction that is not mined. */
  async function findCalls(txHash: Hash, context: RequestContext): Promise<PlacedCall[] | null> {
    if ((await findTransaction(deps, txHash)) === undefined) return null
    const { mined, header } = await getTracedTransaction(deps, txHash)
    return await readFlatCalls(deps, header, limitsOf(context), mined.txIndex)
  }

  return [
    method({
      name: 'trace_block',
      summary: 'All calls of the transactions of a block',
      cost: 200,
      params: [blockNumberParam('block')],
      result: schema.listOf(placedCall),
      handle: async ([block], context) =>
        await readFlatCalls(deps, await getBlockByParameter(deps, block), limitsOf(context)),
    }),
    method({
      name: 'trace_transaction',
      summary: 'All calls of a mined transaction',
      cost: 200,
      params: [hashParam('transactionHash')],
      result: schema.nullable(schema.listOf(placedCall)),
      handle: async ([txHash], context) => await findCalls(txHash, context),
    }),
    method({
      name: 'trace_get',
      summary: 'The call at a position of a mined transaction',
      cost: 200,
      params: [
        hashParam('transactionHash'),
        customParam('traceAddress', schema.listOf(schema.quantity), (value, index) =>
          parseList(value, index).map((each) => parseSafeQuantity(each, index)),
        ),
      ],
      result: schema.nullable(placedCall),
      handle: async ([txHash, position], context) => {
        const calls = await findCalls(txHash, context)
        return calls?.find(({ traceAddress }) => traceAddress.join() === position.join()) ?? null
      },
    }),
    method({
      name: 'trace_filter',
      summary: 'Calls in a range of blocks by who acts and on whom',
      cost: 200,
      params: [traceFilterParam],
      result: schema.listOf(placedCall),
      handle: async ([filter], { signal }) => await findFlatCalls(deps, filter, signal),
    }),
    method({
      name: 'trace_call',
      summary: 'Calls and changes of state of a call on the state after a block',
      cost: 200,
      params: [callParam, traceTypesParam, optional(blockParam('block'))],
      result: parityTrace,
      handle: async ([call, spec, block], context) => {
        const [json] = await traceCalls([{ call: toCall(call), spec }], block, context)
        return new JsonText(json!)
      },
    }),
    method({
      name: 'trace_callMany',
      summary: 'The same of several calls, each on the state the calls before it have left',
      cost: 200,
      params: [callsParam, optional(blockParam('block'))],
      result: schema.listOf(parityTrace),
      handle: async ([calls, block], context) => {
        const traces = await traceCalls(calls, block, context)
        return new JsonText(`[${traces.join(',')}]`)
      },
    }),
    method({
      name: 'trace_rawTransaction',
      summary: 'The same of a signed transaction that is not sent',
      cost: 200,
      params: [dataParam('transaction'), traceTypesParam],
      result: parityTrace,
      handle: async ([raw, spec], context) => {
        const { transaction } = decodeSubmission(hexToBytes(raw))
        const from = findSender(transaction)
        if (from === undefined) throw serverError('invalid sender')
        const { to, gasPrice, value, data, gasLimit } = transaction
        const gas = Math.min(Number(gasLimit), deps.limits.gasCap)
        const call = { from, to, gas, gasPrice, value, data }
        const [json] = await traceCalls([{ call, spec }], 'latest', context)
        return new JsonText(json!)
      },
    }),
    method({
      name: 'trace_replayTransaction',
      summary: 'Calls and changes of state of a mined transaction, run again',
      cost: 200,
      params: [hashParam('transactionHash'), traceTypesParam],
      result: parityTrace,
      handle: async ([txHash, spec], context) =>
        new JsonText((await traceTransaction(deps, txHash, spec, limitsOf(context))).json),
    }),
    method({
      name: 'trace_replayBlockTransactions',
      summary: 'The same of all transactions of a block',
      cost: 200,
      params: [blockNumberParam('block'), traceTypesParam],
      result: schema.listOf(minedParityTrace),
      handle: async ([block, spec], context) => {
        const header = await getBlockByParameter(deps, block)
        const traces = header.txCount === 0 ? [] : await traceBlock(deps, header, { spec }, limitsOf(context))
        const entries = traces.map(({ json, txHash }) => `${json.slice(0, -1)},"transactionHash":"${txHash}"}`)
        return new JsonText(`[${entries.join(',')}]`)
      },
    }),
  ]
}
