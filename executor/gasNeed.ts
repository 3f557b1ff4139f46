import type { Frame } from './evm/frame.ts'
import { GAS } from './evm/gas.ts'
import type { TraceEnter, TraceExit, Tracer, TraceStep } from './evm/tracer.ts'

const OPCODE = { balance: 0x31, selfBalance: 0x47, sstore: 0x55, gas: 0x5a, call: 0xf1, callCode: 0xf2 } as const
/** CALL, CALLCODE, DELEGATECALL, STATICCALL. */
const CALLS: ReadonlySet<number> = new Set([0xf1, 0xf2, 0xf4, 0xfa])

type FrameNeed = {
  /** Gas it began with, the stipend included. */
  given: number
  stipend: number
  /** What the caller had spent when it gave this gas away. */
  spentByCaller: number
  /** Least gas to begin with for everything so far to go as it went. */
  need: number
  frame: Frame | undefined
  lastOpcode: number
}

/**
 * Finds out, while a transaction runs with plenty of gas, the least it would have run with in the same way: what each
 * frame had spent at most, what a call must hold back by EIP-150, what SSTORE wants to see.
 */
export class GasNeed implements Tracer {
  readonly #frames: FrameNeed[] = []
  readonly #hasPrice: boolean
  #isSendingAll = false
  /** Of the first frame: to be added to the intrinsic gas. */
  need = 0
  /** The run may have gone as it did because of the gas it had: less may need less, or more. */
  dependsOnGas = false

  /** @param hasPrice the sender's balance depends on the limit then */
  constructor({ hasPrice }: { hasPrice: boolean }) {
    this.#hasPrice = hasPrice
  }

  onEnter({ kind, gas, value }: TraceEnter): void {
    if (kind === 'SELFDESTRUCT') {
      this.#isSendingAll = true
      return
    }
    const caller = this.#frames.at(-1)
    const isPaid = (kind === 'CALL' || kind === 'CALLCODE') && value !== undefined && value > 0n
    const stipend = caller !== undefined && isPaid ? GAS.callStipend : 0
    const spentByCaller = caller === undefined ? 0 : caller.given - (caller.frame!.gas + gas - stipend)
    if (caller !== undefined) {
      caller.need = Math.max(caller.need, spentByCaller)
      caller.lastOpcode = 0
    }
    this.#frames.push({ given: gas, stipend, spentByCaller, need: 0, frame: undefined, lastOpcode: 0 })
  }

  onStep({ opcode, gas, frame }: TraceStep): void {
    const top = this.#frames.at(-1)!
    const { lastOpcode } = top
    top.frame = frame
    top.lastOpcode = opcode
    const spent = top.given - gas
    // A call that entered nothing, for want of balance, has its stipend back in hand.
    const returned = lastOpcode === OPCODE.call || lastOpcode === OPCODE.callCode ? GAS.callStipend : 0
    const wanted = opcode === OPCODE.sstore ? GAS.sstoreStipend + 1 : 0
    top.need = Math.max(top.need, spent + returned, spent + wanted)
    // `call(gas(), …)` asks for all there is, however much that is.
    if (lastOpcode === OPCODE.gas && !CALLS.has(opcode)) this.dependsOnGas = true
    if (this.#hasPrice && (opcode === OPCODE.balance || opcode === OPCODE.selfBalance)) this.dependsOnGas = true
  }

  onExit({ gasUsed, error }: TraceExit): void {
    if (this.#isSendingAll) {
      this.#isSendingAll = false
      return
    }
    const { given, stipend, spentByCaller, need } = this.#frames.pop()!
    const isHalted = error !== undefined && error !== 'execution reverted'
    if (isHalted && given > stipend) this.dependsOnGas = true // it took what it was given
    const own = isHalted ? given : Math.max(need, gasUsed)
    const caller = this.#frames.at(-1)
    if (caller === undefined) this.need = own
    else caller.need = Math.max(caller.need, spentByCaller + leastToGive(own - stipend))
  }
}

/** Least gas of which all but one 64th is `gas`. */
function leastToGive(gas: number): number {
  return gas <= 0 ? 0 : gas + Math.floor((gas - 1) / 63)
}
