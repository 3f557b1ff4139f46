import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { type CallFrame, isCreation } from './callFrame.ts'
import { quantity } from './hex.ts'

type CallAction = { from: Address; callType: string; gas: Hex; input: Hex; to: Address; value: Hex }
type CreateAction = { from: Address; gas: Hex; init: Hex; value: Hex; creationMethod: string }
type SuicideAction = { address: Address; balance: Hex; refundAddress: Address }

/** A call in the form of OpenEthereum and Erigon, without its place in the chain. */
export type FlatCall = {
  type: 'call' | 'create' | 'suicide'
  action: CallAction | CreateAction | SuicideAction
  /** null for what failed other than by a revert, and for SELFDESTRUCT. */
  result: { gasUsed: Hex; output: Hex } | { gasUsed: Hex; code: Hex; address: Address } | null
  error?: string
  subtraces: number
  /** Positions among the calls of each frame on the way from the transaction. */
  traceAddress: number[]
}

export type FlatCallOptions = {
  /** Errors in the words of OpenEthereum. */
  parityErrors: boolean
  /** Shows calls of precompiles that carry no value. */
  precompiles: boolean
}

const REVERTED = 'execution reverted'
const PRECOMPILE = /^0x0{39}[1-9]$/
/** Source: go-ethereum, eth/tracers/native/call_flat.go. */
const PARITY_ERRORS: Readonly<Record<string, string>> = {
  [REVERTED]: 'Reverted',
  'out of gas': 'Out of gas',
  'max code size exceeded': 'Out of gas',
  'invalid jump destination': 'Bad jump destination',
  'return data out of bounds': 'Out of bounds',
  'stack overflow': 'Out of stack',
  'stack underflow': 'Stack underflow',
  'invalid opcode': 'Bad instruction',
  'precompile failed': 'Built-in failed',
  'write protection': 'Mutable Call In Static Context',
}

/** An error of a frame in the words of OpenEthereum, where those have one for it. */
export const parityError = (error: string): string => PARITY_ERRORS[error] ?? error

/** A tree of calls as a list, each call before those it made. */
export function flattenCalls(root: CallFrame, options: FlatCallOptions): FlatCall[] {
  const flat: FlatCall[] = []
  const add = (frame: CallFrame, traceAddress: number[]) => {
    const calls = options.precompiles ? frame.calls : frame.calls.filter((call) => !isPlainPrecompile(call))
    flat.push({ ...describe(frame, options), subtraces: calls.length, traceAddress })
    for (const [index, call] of calls.entries()) add(call, [...traceAddress, index])
  }
  add(root, [])
  return flat
}

const isPlainPrecompile = ({ to, value = 0n }: CallFrame) => value === 0n && PRECOMPILE.test(to)

function describe(frame: CallFrame, { parityErrors }: FlatCallOptions): Omit<FlatCall, 'subtraces' | 'traceAddress'> {
  const { kind, from, to, value = 0n, error } = frame
  if (kind === 'SELFDESTRUCT') {
    const action = { address: from, balance: quantity(value), refundAddress: to }
    return { type: 'suicide', action, result: null }
  }
  const words = error !== undefined && parityErrors ? parityError(error) : error
  return {
    type: isCreation(frame) ? 'create' : 'call',
    action: isCreation(frame) ? createAction(frame) : callAction(frame),
    ...(words === undefined ? {} : { error: words }),
    result: error === undefined || error === REVERTED ? resultOf(frame) : null,
  }
}

function callAction({ kind, from, to, gas, input, value = 0n }: CallFrame): CallAction {
  const callType = kind.toLowerCase()
  return { from, callType, gas: quantity(gas), input: bytesToHex(input), to, value: quantity(value) }
}

function createAction({ kind, from, gas, input, value = 0n }: CallFrame): CreateAction {
  const creationMethod = kind.toLowerCase()
  return { from, gas: quantity(gas), init: bytesToHex(input), value: quantity(value), creationMethod }
}

function resultOf(frame: CallFrame): FlatCall['result'] {
  const { gasUsed, output, to } = frame
  if (isCreation(frame)) return { address: to, code: bytesToHex(output), gasUsed: quantity(gasUsed) }
  return { gasUsed: quantity(gasUsed), output: bytesToHex(output) }
}
