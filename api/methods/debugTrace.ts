import { findBatch } from '#db/batches.ts'
import { type HeaderRow, readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { getBlockByParameter, resolveKeptBatch } from '../chain/blockTag.ts'
import { getEvmBlock } from '../chain/evmBlocks.ts'
import type { ApiDeps } from '../deps.ts'
import { responseTooLarge, serverError } from '../errors.ts'
import { parseBlockOverrides } from '../evm/blockOverrides.ts'
import { callParam } from '../evm/callObject.ts'
import { toSimulatedCall } from '../evm/simulatedCall.ts'
import { parseStateOverrides } from '../evm/stateOverride.ts'
import { MAX_TRACE_BYTES, NO_CONFIG, parseTraceConfig, type TraceConfig, traceConfigParam } from '../evm/traceConfig.ts'
import { traceBlock, traceTransaction } from '../evm/traces.ts'
import { JsonText } from '../jsonText.ts'
import { method } from '../method.ts'
import {
  blockNumberParam,
  blockParam,
  customParam,
  hashParam,
  optional,
  parseObject,
  parseSafeQuantity,
} from '../params.ts'
import * as schema from '../schemas.ts'

const count = schema.integer
const structLog = schema.component(
  'structLog',
  schema.object(
    { pc: count, op: schema.text, gas: count, gasCost: count, depth: { type: 'integer', minimum: 1 }, refund: count },
    {
      error: schema.text,
      stack: schema.listOf(schema.quantity),
      memory: schema.listOf(schema.word),
      returnData: schema.bytes,
      storage: schema.mapOf(schema.word),
    },
  ),
)
const structTraceFields = {
  gas: count,
  failed: schema.boolean,
  returnValue: schema.bytes,
  structLogs: schema.listOf(structLog),
}
const structTrace = schema.component('structTrace', schema.object(structTraceFields))
/** What a named tracer answers has the form of that tracer. */
const trace = schema.either(structTrace, { type: ['object', 'array'] })
const traces = schema.listOf(schema.object({ txHash: schema.hash, result: trace }))

const callConfigParam = customParam('traceCallConfig', { type: 'object' }, (value, index) => {
  const { stateOverrides, blockOverrides, txIndex } = parseObject(value, index)
  return {
    ...parseTraceConfig(value, index),
    stateOverrides: isGiven(stateOverrides) ? parseStateOverrides(stateOverrides, index) : undefined,
    overrides: isGiven(blockOverrides) ? parseBlockOverrides(blockOverrides, index) : undefined,
    txCount: isGiven(txIndex) ? parseSafeQuantity(txIndex, index) : undefined,
  }
})
const isGiven = (value: unknown) => value !== undefined && value !== null

/** What happened inside transactions and calls, step by step or as a tracer sums it up. */
export const debugTraceMethods = (deps: ApiDeps) => {
  /** Blocks one after the other, within the time and the size of one answer. */
  async function traceBlocks(
    headers: readonly HeaderRow[],
    { spec, timeoutMs }: TraceConfig,
    signal: AbortSignal | undefined,
  ): Promise<JsonText> {
    const ends = performance.now() + timeoutMs
    const entries: string[] = []
    let bytes = 0
    for (const header of headers) {
      const limits = { timeoutMs: Math.max(0, ends - performance.now()), signal }
      for (const { txHash, json } of await traceBlock(deps, header, { spec }, limits)) {
        bytes += json.length
        if (bytes > MAX_TRACE_BYTES) throw responseTooLarge()
        entries.push(`{"txHash":"${txHash}","result":${json}}`)
      }
    }
    return new JsonText(`[${entries.join(',')}]`)
  }

  return [
    method({
      name: 'debug_traceTransaction',
      summary: 'Trace of a mined transaction, run again on the state before it',
      cost: 200,
      params: [hashParam('transactionHash'), optional(traceConfigParam)],
      result: trace,
      handle: async ([txHash, { spec, timeoutMs } = NO_CONFIG], { signal }) =>
        new JsonText((await traceTransaction(deps, txHash, spec, { timeoutMs, signal })).json),
    }),
    method({
      name: 'debug_traceTransactionCounters',
      summary: 'The struct log of a mined transaction with the zk-counters it used',
      cost: 200,
      params: [hashParam('transactionHash'), optional(traceConfigParam)],
      result: schema.object({ ...structTraceFields, counters: schema.mapOf(schema.integer) }),
      handle: async ([txHash, { spec, timeoutMs } = NO_CONFIG], { signal }) => {
        const withCounters = { tracer: 'countersTracer', config: spec.tracer === undefined ? spec.config : {} }
        return new JsonText((await traceTransaction(deps, txHash, withCounters, { timeoutMs, signal })).json)
      },
    }),
    method({
      name: 'debug_traceBlockByNumber',
      summary: 'Traces of all transactions of a block',
      cost: 200,
      params: [blockNumberParam('block'), optional(traceConfigParam)],
      result: traces,
      handle: async ([block, config = NO_CONFIG], { signal }) =>
        await traceBlocks([await getBlockByParameter(deps, block)], config, signal),
    }),
    method({
      name: 'debug_traceBlockByHash',
      summary: 'Traces of all transactions of a block',
      cost: 200,
      params: [hashParam('blockHash'), optional(traceConfigParam)],
      result: traces,
      handle: async ([blockHash, config = NO_CONFIG], { signal }) =>
        await traceBlocks([await getBlockByParameter(deps, { blockHash })], config, signal),
    }),
    method({
      name: 'debug_traceBatchByNumber',
      summary: 'Traces of all transactions of a batch',
      cost: 200,
      params: [blockNumberParam('batchNumber'), optional(traceConfigParam)],
      result: traces,
      handle: async ([parameter, config = NO_CONFIG], { signal }) => {
        const batchNumber = await resolveKeptBatch(deps, parameter)
        if ((await findBatch(deps.db, batchNumber)) === undefined) throw serverError('batch not found')
        if (batchNumber === 0) throw serverError('genesis is not traceable')
        return await traceBlocks(await readHeadersOfBatch(deps.db, batchNumber), config, signal)
      },
    }),
    method({
      name: 'debug_traceCall',
      summary: 'Trace of a call on the state after a block, or before the transaction at txIndex of it',
      cost: 200,
      params: [callParam, optional(blockParam('block')), optional(callConfigParam)],
      result: trace,
      handle: async ([call, parameter, config], { signal }) => {
        const { spec, timeoutMs } = config ?? NO_CONFIG
        const block = await getEvmBlock(deps, parameter, config)
        const calls = [{ call: { ...toSimulatedCall(call, deps), lendsValue: true }, spec }]
        const request = { calls, block, overrides: config?.stateOverrides }
        const [json] = await deps.evm.run('traceCalls', request, { timeoutMs, signal })
        return new JsonText(json!)
      },
    }),
  ]
}
