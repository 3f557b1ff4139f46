import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { type CallFrame, CallTree } from './callFrame.ts'
import { quantity } from './hex.ts'
import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'

/** A call as an Otterscan explorer lists it. */
export type OtterscanCall = {
  type: CallFrame['kind']
  depth: number
  from: Address
  to: Address
  /** null where the kind carries none. */
  value: Hex | null
  input: Hex
  output: Hex
}
/** Ether that moved inside a transaction, or a contract it made. */
export type OtterscanOperation = { type: 0 | 1 | 2 | 3; from: Address; to: Address; value: Hex }
export type OtterscanTrace = { calls: OtterscanCall[]; operations: OtterscanOperation[]; error: Hex }

const OPERATIONS: Partial<Record<CallFrame['kind'], OtterscanOperation['type']>> = {
  CALL: 0,
  SELFDESTRUCT: 1,
  CREATE: 2,
  CREATE2: 3,
}

/** What an Otterscan explorer asks of a transaction. Source of the forms: Erigon, otterscan_*.go. */
export class OtterscanTracer implements TraceRecorder {
  readonly #tree: CallTree

  constructor(budget: TraceBudget) {
    this.#tree = new CallTree(budget)
  }

  get tracer() {
    return this.#tree.tracer
  }

  result({ success, returnData }: TracedOutcome): OtterscanTrace {
    const trace: OtterscanTrace = { calls: [], operations: [], error: success ? '0x' : bytesToHex(returnData) }
    collect(this.#tree.root, 0, trace)
    return trace
  }
}

function collect(frame: CallFrame, depth: number, { calls, operations, ...rest }: OtterscanTrace): void {
  const { kind, from, to, value, input, output } = frame
  const carriesValue = value !== undefined && kind !== 'DELEGATECALL'
  calls.push({
    ...{ type: kind, depth, from, to, value: carriesValue ? quantity(value) : null },
    ...{ input: bytesToHex(input), output: bytesToHex(output) },
  })
  const type = OPERATIONS[kind]
  if (depth > 0 && type !== undefined && (type !== 0 || value !== 0n))
    operations.push({ type, from, to, value: quantity(value ?? 0n) })
  for (const call of frame.calls) collect(call, depth + 1, { calls, operations, ...rest })
}
