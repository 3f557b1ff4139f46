import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import type { Frame } from '../evm/frame.ts'
import type { Tracer, TraceStep } from '../evm/tracer.ts'
import { quantity, word } from './hex.ts'
import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'

export type StructLogConfig = {
  enableMemory?: boolean | undefined
  disableStack?: boolean | undefined
  disableStorage?: boolean | undefined
  enableReturnData?: boolean | undefined
  /** Most steps that are kept; 0 keeps all. */
  limit?: number | undefined
}

/** A step as StructLog of execution-apis has it. */
export type StructLog = {
  pc: number
  op: string
  gas: number
  gasCost: number
  depth: number
  error?: string
  stack?: Hex[]
  returnData?: Hex
  memory?: Hex[]
  storage?: Record<Hex, Hex>
  refund: number
}

const SLOAD = 0x54
const SSTORE = 0x55
/** JSON of a step without what grows with the program. */
const STEP_BYTES = 110
const WORD_BYTES = 69

/** One entry per instruction: what a debugger shows. */
export class StructLogRecorder implements TraceRecorder {
  readonly #config: StructLogConfig
  readonly #budget: TraceBudget
  readonly #logs: StructLog[] = []
  /** Slots each contract has read or written so far. */
  readonly #storage = new Map<Address, Map<Hex, Hex>>()
  #step: { log: StructLog; frame: Frame; write: { slot: Hex; value: Hex | undefined } | undefined } | undefined

  constructor(config: StructLogConfig, budget: TraceBudget) {
    this.#config = config
    this.#budget = budget
  }

  readonly tracer: Tracer = {
    onStep: (step) => this.#begin(step),
    onStepCost: (cost) => {
      if (this.#step === undefined) return
      const { log, frame, write } = this.#step
      log.gasCost = cost
      if (write === undefined) return
      const value = write.value ?? word(frame.stack[frame.stack.length - 1]!)
      this.#slotsOf(frame).set(write.slot, value)
      this.#showStorage(log, frame)
    },
    onFault: (reason) => {
      if (this.#step === undefined) return
      const { log, frame, write } = this.#step
      log.error = reason
      log.gasCost = log.gas - Math.max(frame.gas, 0)
      if (write !== undefined) this.#showStorage(log, frame)
    },
  }

  result({ gasUsed, success, returnData }: TracedOutcome) {
    return { gas: gasUsed, failed: !success, returnValue: bytesToHex(returnData), structLogs: this.#logs }
  }

  #begin({ pc, opcode, name, gas, depth, frame, refund }: TraceStep): void {
    this.#step = undefined
    const { enableMemory, disableStack, disableStorage, enableReturnData, limit = 0 } = this.#config
    if (limit > 0 && this.#logs.length >= limit) return
    const log: StructLog = {
      pc,
      op: name,
      gas,
      gasCost: 0,
      depth,
      ...(disableStack === true ? {} : { stack: frame.stack.map(quantity) }),
      ...(enableReturnData === true ? { returnData: bytesToHex(frame.returnData) } : {}),
      ...(enableMemory === true ? { memory: memoryWords(frame) } : {}),
      refund,
    }
    this.#budget.take(sizeOf(log))
    this.#logs.push(log)
    const isStorage = opcode === SLOAD || opcode === SSTORE
    this.#step = { log, frame, write: isStorage && disableStorage !== true ? accessOf(opcode, frame) : undefined }
  }

  #slotsOf({ account }: Frame): Map<Hex, Hex> {
    const slots = this.#storage.get(account.address) ?? new Map<Hex, Hex>()
    this.#storage.set(account.address, slots)
    return slots
  }

  #showStorage(log: StructLog, frame: Frame): void {
    const slots = this.#slotsOf(frame)
    this.#budget.take(2 * WORD_BYTES * slots.size)
    log.storage = Object.fromEntries(slots)
  }
}

/** Undefined value: the one the instruction reads. Undefined as a whole when the stack holds too little. */
function accessOf(opcode: number, { stack }: Frame): { slot: Hex; value: Hex | undefined } | undefined {
  const [slot, value] = [stack[stack.length - 1], stack[stack.length - 2]]
  if (slot === undefined) return undefined
  if (opcode === SLOAD) return { slot: word(slot), value: undefined }
  return value === undefined ? undefined : { slot: word(slot), value: word(value) }
}

function memoryWords({ memory }: Frame): Hex[] {
  const digits = bytesToHex(memory.view(0, memory.sizeBytes))
  return Array.from(
    { length: memory.sizeBytes / 32 },
    (_, index): Hex => `0x${digits.slice(2 + 64 * index, 66 + 64 * index)}`,
  )
}

function sizeOf({ stack = [], memory = [], returnData = '0x' }: StructLog): number {
  let bytes = STEP_BYTES + WORD_BYTES * memory.length + returnData.length
  for (const { length } of stack) bytes += length + 3
  return bytes
}
