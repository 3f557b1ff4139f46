import { Address, type Hash, type Hex } from '#protocol/primitives.ts'
import { L1RpcError } from './errors.ts'
import type { L1Rpc } from './rpc.ts'

/** A call that the rollup contract got. `sender` is what it saw as msg.sender. */
export type InnerCall = { sender: Address; input: Hex }

/** As far as it is used. Calls to a proxy's implementation are `DELEGATECALL`s. */
type CallFrame = { type: string; from: string; to?: string; input: string; error?: string; calls?: CallFrame[] }
type ParityTrace = {
  type: string
  action: { callType?: string; from?: string; to?: string; input?: string }
  error?: string
  traceAddress: number[]
}

/**
 * The calls that a contract got within a transaction, in order, without those that were reverted. Asks
 * debug_traceTransaction, then trace_transaction; undefined when the endpoint has neither, or not for that block.
 */
export async function traceInnerCalls(
  rpc: Pick<L1Rpc, 'call'>,
  txHash: Hash,
  callee: Address,
): Promise<InnerCall[] | undefined> {
  const tracer = { tracer: 'callTracer', timeout: '10s' }
  const frame = await unlessRefused(rpc.call<CallFrame | null>('debug_traceTransaction', [txHash, tracer]))
  if (typeof frame?.type === 'string') return callsOfFrame(frame, callee)
  const traces = await unlessRefused(rpc.call<ParityTrace[] | null>('trace_transaction', [txHash]))
  if (Array.isArray(traces)) return callsOfTraces(traces, callee)
  return undefined
}

async function unlessRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof L1RpcError) return undefined
    throw error
  }
}

function callsOfFrame({ type, from, to, input, error, calls = [] }: CallFrame, callee: Address): InnerCall[] {
  if (error !== undefined) return []
  const own = type === 'CALL' && to?.toLowerCase() === callee ? [{ sender: Address(from), input: input as Hex }] : []
  return [...own, ...calls.flatMap((call) => callsOfFrame(call, callee))]
}

/** A trace that failed takes with it those below: their addresses begin with its own. */
function callsOfTraces(traces: readonly ParityTrace[], callee: Address): InnerCall[] {
  const failed = traces.filter(({ error }) => error !== undefined).map(({ traceAddress }) => traceAddress)
  const isReverted = (place: readonly number[]) => failed.some((above) => above.every((step, at) => place[at] === step))
  return traces.flatMap(({ type, action: { callType, from, to, input }, traceAddress }) => {
    if (type !== 'call' || callType !== 'call' || to?.toLowerCase() !== callee || isReverted(traceAddress)) return []
    return [{ sender: Address(from!), input: input as Hex }]
  })
}

/**
 * What looks like a call of one of these functions within the input of a transaction: from each place of a selector on,
 * as far as the length says that stands before bytes in calldata. What is compressed or made on chain is not found.
 */
export function scanForCalls(input: Hex, selectors: readonly string[]): Hex[] {
  const digits = input.slice(2).toLowerCase()
  const places = selectors.flatMap((selector) => placesOf(digits, selector.slice(2)))
  return places
    .sort((a, b) => a - b)
    .map((start) => {
      const length = BigInt(`0x${digits.slice(Math.max(0, start - 64), start) || '0'}`) * 2n
      const rest = BigInt(digits.length - start)
      const end = length >= 8n && length <= rest ? start + Number(length) : digits.length
      return `0x${digits.slice(start, end)}` as Hex
    })
}

function placesOf(digits: string, selector: string): number[] {
  const places: number[] = []
  for (let at = digits.indexOf(selector); at >= 0; at = digits.indexOf(selector, at + 1))
    if (at % 2 === 0) places.push(at)
  return places
}
