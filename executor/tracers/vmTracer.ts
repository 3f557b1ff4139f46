import { bytesToHex } from '#common/bytes.ts'
import type { Hex } from '#protocol/primitives.ts'
import type { Frame } from '../evm/frame.ts'
import type { TraceEnter, Tracer, TraceStep } from '../evm/tracer.ts'
import { quantity } from './hex.ts'
import type { TraceBudget } from './recorder.ts'

/** Instructions of a call. `code` is init code for a creation, and empty where nothing runs. */
export type VmTrace = { code: Hex; ops: VmOperation[] }

export type VmOperation = {
  /** Gas it took, with what it gave to a call. */
  cost: number
  /** What came of it; null when it ended its call exceptionally. */
  ex: VmEffect | null
  pc: number
  /** The call that it made. */
  sub: VmTrace | null
  op: string
  /** Positions among the operations on the way from the transaction: `2-0`. */
  idx: string
}

export type VmEffect = {
  /** Memory that it filled, or that MLOAD read. */
  mem: { data: Hex; off: number } | null
  /** Words that it left on the stack, the top one last. */
  push: Hex[]
  store: { key: Hex; val: Hex } | null
  /** Gas left after it, and after the call that it made. */
  used: number
}

type OpenCall = {
  trace: VmTrace
  /** Of the positions in it. */
  prefix: string
  /** A call that it made: its effect shows when the next operation begins. */
  pending: Step | undefined
}
type Step = {
  operation: VmOperation
  call: OpenCall
  frame: Frame
  opcode: number
  gas: number
  pushes: number
  store: VmEffect['store']
  range: { offset: bigint; length: bigint } | undefined
}

const [SSTORE, CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL] = [0x55, 0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa]
const CALLS = new Set([CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL])
/** Where on the stack, from the top, the place in memory stands, and its length or where that stands. */
const RANGES = new Map<number, { offset: number; length: bigint | number }>([
  ...[0x37, 0x39, 0x3e].map((copy) => [copy, { offset: 0, length: 2 }] as const), // CALLDATA-, CODE-, RETURNDATACOPY
  [0x3c, { offset: 1, length: 3 }], // EXTCODECOPY
  ...[0x51, 0x52].map((opcode) => [opcode, { offset: 0, length: 32n }] as const), // MLOAD, MSTORE
  [0x53, { offset: 0, length: 1n }], // MSTORE8
  ...[CALL, CALLCODE].map((call) => [call!, { offset: 5, length: 6 }] as const),
  ...[DELEGATECALL, STATICCALL].map((call) => [call!, { offset: 4, length: 5 }] as const),
])
/** JSON of an operation without words and memory. */
const OPERATION_BYTES = 140
const WORD_BYTES = 69

/** Every instruction and what came of it, in the form of OpenEthereum and Erigon, whose `op` and `idx` are with it. */
export class VmTracer {
  readonly #budget: TraceBudget
  /** undefined for SELFDESTRUCT, which runs no code. */
  readonly #open: (OpenCall | undefined)[] = []
  #root: VmTrace | undefined
  #step: Step | undefined

  constructor(budget: TraceBudget) {
    this.#budget = budget
  }

  /** Of the transaction. */
  get root(): VmTrace {
    if (this.#root === undefined) throw new TypeError('nothing ran')
    return this.#root
  }

  readonly tracer: Tracer = {
    onEnter: ({ kind }) => this.#enter(kind),
    onExit: () => {
      this.#open.pop()
    },
    onStep: (step) => this.#begin(step),
    onStepCost: (cost) => this.#end(cost),
  }

  #enter(kind: TraceEnter['kind']): void {
    const caller = this.#open.at(-1)?.trace.ops.at(-1)
    if (kind === 'SELFDESTRUCT') {
      this.#open.push(undefined)
      return
    }
    const trace: VmTrace = { code: '0x', ops: [] }
    this.#root ??= trace
    if (caller !== undefined) caller.sub = trace
    this.#open.push({ trace, prefix: caller === undefined ? '' : `${caller.idx}-`, pending: undefined })
  }

  #begin({ pc, opcode, name, pushes, gas, frame }: TraceStep): void {
    const call = this.#open.at(-1)!
    const { trace, prefix, pending } = call
    if (pending !== undefined) this.#complete(pending, gas)
    call.pending = undefined
    if (trace.ops.length === 0) {
      trace.code = bytesToHex(frame.code.bytes)
      this.#budget.take(trace.code.length)
    }
    this.#budget.take(OPERATION_BYTES)
    const operation = { cost: 0, ex: null, pc, sub: null, op: name, idx: `${prefix}${trace.ops.length}` }
    trace.ops.push(operation)
    const [store, range] = [opcode === SSTORE ? storeOf(frame) : null, rangeOf(opcode, frame)]
    this.#step = { operation, call, frame, opcode, gas, pushes, store, range }
  }

  #end(cost: number): void {
    const step = this.#step!
    step.operation.cost = cost
    if (CALLS.has(step.opcode)) step.call.pending = step
    else this.#complete(step, step.gas - cost)
  }

  #complete({ operation, frame: { stack, memory }, pushes, store, range }: Step, used: number): void {
    const push = pushes === 0 ? [] : stack.slice(-pushes).map(quantity)
    const [offset, length] = [Number(range?.offset ?? 0), Number(range?.length ?? 0)]
    this.#budget.take(WORD_BYTES * push.length + 2 * length)
    const mem = length === 0 ? null : { data: bytesToHex(memory.view(offset, length)), off: offset }
    operation.ex = { mem, push, store, used }
  }
}

const fromTop = ({ stack }: Frame, position: number): bigint => stack[stack.length - 1 - position] ?? 0n

const storeOf = (frame: Frame) => ({ key: quantity(fromTop(frame, 0)), val: quantity(fromTop(frame, 1)) })

function rangeOf(opcode: number, frame: Frame): Step['range'] {
  const places = RANGES.get(opcode)
  if (places === undefined) return undefined
  const { offset, length } = places
  return {
    offset: fromTop(frame, offset),
    length: typeof length === 'bigint' ? length : fromTop(frame, length),
  }
}
