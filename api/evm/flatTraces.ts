import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { TracerSpec } from '#executor/tracers/createRecorder.ts'
import type { FlatCall } from '#executor/tracers/flatCalls.ts'
import type { ParityTrace } from '#executor/tracers/parityTracer.ts'
import type { Address } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument } from '../errors.ts'
import { customParam, parseList } from '../params.ts'
import * as schema from '../schemas.ts'
import type { TransactionTrace } from './threads/jobs/traceBlock.ts'
import { type TraceLimits, traceBlock } from './traces.ts'

/** A call of a mined transaction, as Erigon and OpenEthereum list it. */
export type PlacedCall = FlatCall & ReturnType<typeof placeOf>

const CALLS_ONLY: TracerSpec = { tracer: 'parityTracer', config: { trace: true } }

/** Calls of a block's transactions, or of the one at a position, in order. Genesis has none. */
export async function readFlatCalls(
  deps: Pick<ApiDeps, 'evm' | 'evmBlock'>,
  header: HeaderRow,
  limits: TraceLimits,
  only?: number,
): Promise<PlacedCall[]> {
  if (header.txCount === 0) return []
  const what = only === undefined ? { spec: CALLS_ONLY } : { spec: CALLS_ONLY, only }
  const traces = await traceBlock(deps, header, what, limits)
  return traces.flatMap((trace) => {
    const place = placeOf(header, trace)
    return (JSON.parse(trace.json) as ParityTrace).trace.map((call) => ({ ...call, ...place }))
  })
}

function placeOf({ hash, blockNumber }: HeaderRow, { txHash, txIndex }: TransactionTrace) {
  return { blockHash: hash, blockNumber, transactionHash: txHash, transactionPosition: txIndex }
}

/** Who acts in a call, and on whom. */
export function partiesOf({ action, result }: FlatCall): { from: Address; to: Address | undefined } {
  if ('refundAddress' in action) return { from: action.address, to: action.refundAddress }
  if ('to' in action) return { from: action.from, to: action.to }
  return { from: action.from, to: result !== null && 'address' in result ? result.address : undefined }
}

const TRACE_TYPES: readonly unknown[] = ['trace', 'stateDiff', 'vmTrace']

/** Which parts of a trace are asked for. */
export const traceTypesParam = customParam('traceTypes', schema.listOf(schema.text), parseTraceTypes)

export function parseTraceTypes(value: unknown, index: number): TracerSpec {
  const types = parseList(value, index)
  if (types.some((type) => !TRACE_TYPES.includes(type))) throw invalidArgument(index, 'unknown trace type')
  return { tracer: 'parityTracer', config: Object.fromEntries(TRACE_TYPES.map((type) => [type, types.includes(type)])) }
}

const action = schema.either(
  schema.object({
    ...{ from: schema.address, callType: schema.text, gas: schema.quantity },
    ...{ input: schema.bytes, to: schema.address, value: schema.quantity },
  }),
  schema.object({
    ...{ from: schema.address, gas: schema.quantity, init: schema.bytes },
    ...{ value: schema.quantity, creationMethod: schema.text },
  }),
  schema.object({ address: schema.address, balance: schema.quantity, refundAddress: schema.address }),
)
const callFields = {
  type: { enum: ['call', 'create', 'suicide'] },
  action,
  result: schema.nullable(
    schema.either(
      schema.object({ gasUsed: schema.quantity, output: schema.bytes }),
      schema.object({ gasUsed: schema.quantity, code: schema.bytes, address: schema.address }),
    ),
  ),
  subtraces: schema.integer,
  traceAddress: schema.listOf(schema.integer),
}
const error = { error: schema.text }
const flatCall = schema.component('flatCall', schema.object(callFields, error))
export const placedCall = schema.component(
  'placedFlatCall',
  schema.object(
    {
      ...{ ...callFields, blockHash: schema.hash, blockNumber: schema.integer },
      ...{ transactionHash: schema.hash, transactionPosition: schema.integer },
    },
    error,
  ),
)

const oneSided = (sign: '+' | '-', value: schema.Schema) => schema.object({ [sign]: value })
const delta = (value: schema.Schema) =>
  schema.either(
    schema.constant('='),
    oneSided('+', value),
    oneSided('-', value),
    schema.object({ '*': schema.object({ from: value, to: value }) }),
  )
const accountDelta = schema.component(
  'accountDelta',
  schema.object({
    ...{ balance: delta(schema.quantity), nonce: delta(schema.quantity) },
    ...{ code: delta(schema.bytes), storage: schema.mapOf(delta(schema.word)) },
  }),
)
/** Operations have the traces of the calls they made in them, in the same form. */
const vmTrace = schema.component(
  'vmTrace',
  schema.object({
    code: schema.bytes,
    ops: schema.listOf(
      schema.object({
        ...{ cost: schema.integer, pc: schema.integer, op: schema.text, idx: schema.text },
        ex: schema.nullable(
          schema.object({
            mem: schema.nullable(schema.object({ data: schema.bytes, off: schema.integer })),
            push: schema.listOf(schema.quantity),
            store: schema.nullable(schema.object({ key: schema.quantity, val: schema.quantity })),
            used: schema.integer,
          }),
        ),
        sub: schema.nullable({ type: 'object' }),
      }),
    ),
  }),
)
const parityFields = {
  output: schema.bytes,
  stateDiff: schema.nullable(schema.mapOf(accountDelta)),
  trace: schema.listOf(flatCall),
  vmTrace: schema.nullable(vmTrace),
}
export const parityTrace = schema.component('parityTrace', schema.object(parityFields))
export const minedParityTrace = schema.component(
  'minedParityTrace',
  schema.object({ ...parityFields, transactionHash: schema.hash }),
)
