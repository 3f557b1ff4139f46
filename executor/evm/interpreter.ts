import type { ForkRules } from '#protocol/forks.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { Code } from '../code.ts'
import type { CounterMeter } from '../counters/meter.ts'
import { type AccountState, StateMiss, type WorldState } from '../worldState.ts'
import { Frame, type FrameInput } from './frame.ts'
import { GAS } from './gas.ts'
import { ExceptionalHalt, OUT_OF_GAS, STACK_OVERFLOW, STACK_UNDERFLOW } from './halt.ts'
import { type OpcodeTable, opcodeTable } from './opcodeTable.ts'
import type { Pace } from './pace.ts'
import { findPrecompile, type Precompile, type PrecompileLookup } from './precompiles/precompiles.ts'
import type { TraceEnter, Tracer } from './tracer.ts'

/** What the block tells the code it runs. `timestamp` in seconds. */
export type BlockContext = {
  number: number
  timestamp: number
  coinbase: Address
  gasLimit: bigint
  chainId: number
}
/** What the transaction tells the code it runs. */
export type TransactionContext = {
  /** Word. */
  origin: bigint
  /** wei per gas, as charged. */
  gasPrice: bigint
}
export type Log = { address: Address; topics: readonly Hash[]; data: Uint8Array }

export type EvmOutcome = {
  success: boolean
  /** Returned or reverted with; the deployed code after a creation. */
  output: Uint8Array
  gasLeft: number
  /** Why it failed: 'execution reverted' keeps the gas, anything else has taken it. */
  error: string | undefined
  /** The target is a precompile this fork has not: it reverts. */
  disabledPrecompile: boolean
}

export type EvmOptions = {
  world: WorldState
  rules: ForkRules
  block: BlockContext
  transaction: TransactionContext
  counters: CounterMeter
  tracer?: Tracer | undefined
  /** Without one the run holds the event loop until it ends or waits for state. */
  pace?: Pace | undefined
  /** Called now and then between instructions. What it throws ends the run. */
  watch?: (() => void) | undefined
  /** Those of the fork when left out. */
  precompiles?: PrecompileLookup | undefined
}

export type CreateInput = {
  kind: 'CREATE' | 'CREATE2'
  creator: AccountState
  target: AccountState
  initCode: Uint8Array
  value: bigint
  gas: number
  isDeploy?: boolean
}

/** What would have been entered. */
export type RefusedFrame = Pick<TraceEnter, 'kind' | 'to' | 'input' | 'gas' | 'value'>

const NO_BYTES = new Uint8Array()
const MAX_CODE_SIZE = 24576
const STEPS_BETWEEN_LOOKS = 20_000
/** What entering a frame counts as, in steps: many short calls must not escape the look at the clock. */
const STEPS_OF_FRAME = 100

/**
 * Runs one message of a transaction and all the calls it makes. Execution is synchronous; when state is not in memory
 * it pauses at the instruction that needs it, loads it, and goes on.
 */
export class Evm {
  readonly world: WorldState
  readonly rules: ForkRules
  readonly block: BlockContext
  readonly transaction: TransactionContext
  readonly counters: CounterMeter
  readonly logs: Log[] = []
  /** Gas to give back for cleared storage; may be negative while frames are open. */
  refund = 0
  readonly #tracer: Tracer | undefined
  readonly #pace: Pace | undefined
  readonly #watch: (() => void) | undefined
  readonly #precompiles: PrecompileLookup | undefined
  readonly #table: OpcodeTable
  readonly #frames: Frame[] = []
  #outcome: EvmOutcome | undefined
  #resumes = false
  /** What the frame of the last step had left when it handed over to another frame; undefined while it has not. */
  #gasAtHandover: number | undefined
  #stepsLeft = STEPS_BETWEEN_LOOKS
  #pauses = false
  /** Last one begun, for the counters of a frame that halts. */
  #opcode = 0

  constructor({ world, rules, block, transaction, counters, tracer, pace, watch, precompiles }: EvmOptions) {
    this.world = world
    this.rules = rules
    this.block = block
    this.transaction = transaction
    this.counters = counters
    this.#tracer = tracer
    this.#pace = pace
    this.#watch = watch
    this.#precompiles = precompiles
    this.#table = opcodeTable(rules)
  }

  /** Runs what `enterCall` or `enterCreate` began to its end. */
  async run(): Promise<EvmOutcome> {
    for (;;) {
      const miss = this.runToMiss()
      if (miss !== undefined) await this.#wait(this.#frames.at(-1)!, miss)
      if (this.#outcome !== undefined) return this.#outcome
      if (this.#pauses) {
        await this.#pace!.pause()
        this.#pauses = false
      } else this.#pace?.check()
    }
  }

  /**
   * The same, but only until it needs state that is not in memory, which it returns; undefined at the end, and where
   * the pace wants a pause.
   */
  runToMiss(): StateMiss | undefined {
    while (this.#outcome === undefined && !this.#pauses) {
      try {
        this.#loop()
      } catch (error) {
        const frame = this.#frames.at(-1)
        if (frame !== undefined && error instanceof StateMiss) return error
        if (frame === undefined || !(error instanceof ExceptionalHalt)) throw error
        this.#halt(frame, error)
      }
    }
    return undefined
  }

  #halt(frame: Frame, { reason }: ExceptionalHalt): void {
    this.#tracer?.onFault?.(reason)
    this.counters.countHalted(this.#opcode, frame, reason)
    frame.gas = 0
    this.finish(NO_BYTES, reason)
  }

  async #wait(frame: Frame, miss: StateMiss): Promise<void> {
    frame.pc--
    this.#resumes = true
    await this.world.load(miss)
  }

  #loop(): void {
    while (this.#outcome === undefined && !this.#pauses) {
      const frame = this.#frames[this.#frames.length - 1]!
      if (this.#tracer === undefined) this.#runFrame(frame)
      else this.#traceFrame(frame, this.#tracer)
    }
  }

  /** Runs the frame until it ends or calls. */
  #runFrame(frame: Frame): void {
    const { instructions, gas, minStack, maxStack } = this.#table
    const { stack } = frame
    const code = frame.code.padded
    const end = frame.code.sizeBytes
    const counts = this.counters.opcodeCounts(frame)
    let stepsLeft = this.#stepsLeft - STEPS_OF_FRAME
    this.#stepsLeft = stepsLeft
    for (;;) {
      if (frame.pc >= end) {
        this.#stepsLeft = stepsLeft
        this.finish(NO_BYTES)
        return
      }
      const opcode = code[frame.pc]!
      frame.gas -= gas[opcode]!
      if (frame.gas < 0) throw OUT_OF_GAS
      this.#opcode = opcode
      if (stack.length < minStack[opcode]!) throw STACK_UNDERFLOW
      if (stack.length > maxStack[opcode]!) throw STACK_OVERFLOW
      frame.pc++
      const isDone = instructions[opcode]!.run(frame, this)
      counts[opcode]!++
      if (isDone === true) {
        this.#stepsLeft = stepsLeft
        return
      }
      if (--stepsLeft <= 0) {
        this.#lookAtClock()
        return
      }
    }
  }

  /** The same for a tracer, one instruction a turn. */
  #traceFrame(frame: Frame, tracer: Tracer): void {
    const { instructions, gas, minStack, maxStack } = this.#table
    const { stack } = frame
    const opcode = frame.pc < frame.code.sizeBytes ? frame.code.padded[frame.pc]! : 0
    const isPastEnd = frame.pc >= frame.code.sizeBytes
    const instruction = instructions[opcode]!
    const before = frame.gas
    if (!this.#resumes)
      tracer.onStep?.({
        pc: frame.pc,
        opcode,
        name: instruction.name,
        pushes: instruction.pushes,
        gas: before,
        depth: this.#frames.length,
        frame,
        refund: this.refund,
      })
    this.#resumes = false
    this.#gasAtHandover = undefined
    this.#opcode = opcode
    frame.gas -= gas[opcode]!
    if (frame.gas < 0) throw OUT_OF_GAS
    if (stack.length < minStack[opcode]!) throw STACK_UNDERFLOW
    if (stack.length > maxStack[opcode]!) throw STACK_OVERFLOW
    frame.pc++
    instruction.run(frame, this)
    if (!isPastEnd) this.counters.count(opcode, frame)
    tracer.onStepCost?.(before - (this.#gasAtHandover ?? frame.gas))
    if (--this.#stepsLeft <= 0) this.#lookAtClock()
  }

  #lookAtClock(): void {
    this.#stepsLeft = STEPS_BETWEEN_LOOKS
    this.#watch?.()
    this.#pauses = this.#pace?.isDue() === true
  }

  // ------------------------------------------------------------------------------------------------------------ frames

  /** @param payer account the value is taken from; undefined when none moves */
  enterCall(input: FrameInput, payer: AccountState | undefined): true {
    const frame = this.#push(input)
    if (payer !== undefined) this.#transfer(payer, input.account, input.value)
    const { codeAddress } = input
    const precompile =
      this.#precompiles === undefined ? findPrecompile(codeAddress, this.rules) : this.#precompiles(codeAddress)
    if (precompile !== undefined) this.#runPrecompile(frame, precompile)
    else if (input.code.sizeBytes === 0) this.finish(NO_BYTES)
    return true
  }

  enterCreate({ kind, creator, target, initCode, value, gas, isDeploy = false }: CreateInput): true {
    const { world } = this
    if (this.rules.failedDeployStaysWarm) world.warmAccount(target)
    const frame = this.#push({
      kind,
      account: target,
      codeAddress: target.address,
      code: new Code(initCode),
      caller: BigInt(creator.address),
      value,
      input: NO_BYTES,
      gas,
      isStatic: false,
      isDeploy: isDeploy,
      outputOffset: 0,
      outputLength: 0,
    })
    world.warmAccount(target)
    if (target.nonce !== 0n || target.codeSize !== 0) {
      frame.gas = 0
      this.finish(NO_BYTES, 'contract address collision')
      return true
    }
    world.setNonce(target, 1n)
    this.#transfer(creator, target, value)
    if (initCode.length === 0) this.finish(NO_BYTES)
    return true
  }

  /**
   * A call or creation that does not begin: its gas comes back at once, and the caller finds a zero.
   * @param reason as a tracer is told
   */
  refuse(input: RefusedFrame, reason: string): undefined {
    const frame = this.#frames[this.#frames.length - 1]!
    this.#handOver(frame)
    const depth = this.#frames.length + 1
    this.#tracer?.onRefuse?.({ ...input, from: frame.account.address, depth }, reason)
    frame.gas += input.gas
    frame.stack.push(0n)
  }

  /** What an instruction costs is known here: later its frame also gets back what others did not use. */
  #handOver(frame: Frame | undefined): void {
    this.#gasAtHandover ??= frame?.gas
  }

  #push(input: FrameInput): Frame {
    this.#handOver(this.#frames[this.#frames.length - 1])
    const undo = { checkpoint: this.world.checkpoint(), logCount: this.logs.length, refund: this.refund }
    const frame = new Frame(input, undo)
    this.#frames.push(frame)
    this.#tracer?.onEnter?.({
      kind: frame.kind,
      from: this.#callerAddress(frame),
      to: frame.codeAddress,
      input: frame.isCreate ? frame.code.bytes : frame.input,
      gas: frame.gas,
      value: frame.kind === 'STATICCALL' ? undefined : frame.value,
      depth: this.#frames.length,
    })
    return frame
  }

  #callerAddress(frame: Frame): Address {
    const parent = this.#frames[this.#frames.length - 2]
    if (parent !== undefined) return parent.account.address
    return `0x${frame.caller.toString(16).padStart(40, '0')}` as Address
  }

  #transfer(from: AccountState, to: AccountState, value: bigint): void {
    if (value === 0n) return
    this.world.setBalance(from, from.balance - value)
    this.world.setBalance(to, to.balance + value)
  }

  #runPrecompile(frame: Frame, precompile: Precompile | 'disabled'): void {
    if (precompile === 'disabled') {
      this.finish(NO_BYTES, 'execution reverted', true)
      return
    }
    const gas = precompile.gas(frame.input)
    if (gas <= frame.gas && precompile.refuses?.(frame.input) === true) {
      this.finish(NO_BYTES, 'execution reverted')
      return
    }
    const output = gas > frame.gas ? undefined : precompile.run(frame.input)
    if (gas <= frame.gas) this.counters.precompile(frame.codeAddress, frame.input, frame.outputLength)
    if (output === undefined) {
      const reason = gas > frame.gas ? 'out of gas' : 'precompile failed'
      frame.gas = 0
      this.finish(NO_BYTES, reason)
      return
    }
    frame.gas -= gas
    this.finish(output)
  }

  addLog(log: Log): void {
    this.logs.push(log)
    this.#tracer?.onLog?.(log)
  }

  traceSendAll(frame: Frame, receiver: Address, balance: bigint): void {
    const depth = this.#frames.length + 1
    const from = frame.account.address
    this.#tracer?.onEnter?.({
      kind: 'SELFDESTRUCT',
      from,
      to: receiver,
      input: NO_BYTES,
      gas: 0,
      value: balance,
      depth,
    })
    this.#tracer?.onExit?.({ output: NO_BYTES, gasUsed: 0, error: undefined, depth })
  }

  /** Ends the topmost frame and hands its result to the one below. Any `error` takes back what the frame wrote. */
  finish(output: Uint8Array, error?: string, disabledPrecompile = false): true {
    const frame = this.#frames[this.#frames.length - 1]!
    this.#handOver(frame)
    const reason = error ?? (frame.isCreate ? this.#storeCode(frame, output) : undefined)
    const result = reason === undefined || reason === 'execution reverted' ? output : NO_BYTES
    if (reason !== undefined) {
      this.world.revertTo(frame.checkpoint)
      this.logs.length = frame.logCount
      this.refund = frame.refund
    }
    if (this.#tracer !== undefined) {
      const gasUsed = frame.givenGas - frame.gas
      this.#tracer.onExit?.({ output: result, gasUsed, error: reason, depth: this.#frames.length })
    }
    this.#frames.pop()
    const parent = this.#frames[this.#frames.length - 1]
    if (parent === undefined) {
      const success = reason === undefined
      this.#outcome = { success, output: result, gasLeft: frame.gas, error: reason, disabledPrecompile }
    } else this.#resume(parent, frame, result, reason === undefined)
    return true
  }

  #resume(parent: Frame, child: Frame, output: Uint8Array, success: boolean): void {
    parent.gas += child.gas
    if (child.isCreate) {
      parent.returnData = success ? NO_BYTES : output
      parent.stack.push(success ? BigInt(child.account.address) : 0n)
      return
    }
    parent.returnData = output
    parent.stack.push(success ? 1n : 0n)
    if (child.outputLength > 0) parent.memory.write(child.outputOffset, output.subarray(0, child.outputLength))
  }

  /** @returns why the code is refused, with the frame's gas gone */
  #storeCode(frame: Frame, code: Uint8Array): string | undefined {
    const gas = GAS.codeByte * code.length
    const refusal =
      code.length > MAX_CODE_SIZE
        ? 'max code size exceeded'
        : code[0] === 0xef
          ? 'invalid code: must not begin with 0xef'
          : frame.gas < gas
            ? 'out of gas'
            : undefined
    if (refusal !== undefined) {
      frame.gas = 0
      return refusal
    }
    frame.gas -= gas
    if (code.length > 0) this.world.setCode(frame.account, code)
    return undefined
  }
}
