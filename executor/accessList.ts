import type { Address } from '#protocol/primitives.ts'
import type { TraceEnter, Tracer, TraceStep } from './evm/tracer.ts'
import { wordToAddress } from './words.ts'

const [SLOAD, SSTORE, SELFDESTRUCT] = [0x54, 0x55, 0xff]
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH: the address is on top of the stack. */
const QUERIES: ReadonlySet<number> = new Set([0x31, 0x3b, 0x3c, 0x3f])
/** CALL, CALLCODE, DELEGATECALL, STATICCALL: it is the second. */
const CALLS: ReadonlySet<number> = new Set([0xf1, 0xf2, 0xf4, 0xfa])
const HIGHEST_PRECOMPILE = 9n

export type AccessList = { address: Address; storageKeys: bigint[] }[]

/** Notes accounts and storage that a run touches, those of frames that fail as well. */
export class AccessListTracer implements Tracer {
  readonly #slots = new Map<Address, Set<bigint>>()

  onEnter({ kind, to }: TraceEnter): void {
    if (kind === 'CREATE' || kind === 'CREATE2') this.#note(to)
  }

  onStep({ opcode, frame }: TraceStep): void {
    const { stack } = frame
    const [top, second] = [stack.at(-1), stack.at(-2)]
    if (top === undefined) return
    if (opcode === SLOAD || opcode === SSTORE) this.#note(frame.account.address).add(top)
    else if (QUERIES.has(opcode) || opcode === SELFDESTRUCT) this.#note(wordToAddress(top))
    else if (CALLS.has(opcode) && second !== undefined) this.#note(wordToAddress(second))
  }

  /** Without accounts that are warm anyway, unless storage of them was touched. */
  list(alwaysWarm: readonly Address[]): AccessList {
    const warm = new Set(alwaysWarm)
    return [...this.#slots]
      .filter(([address, slots]) => slots.size > 0 || !(warm.has(address) || BigInt(address) <= HIGHEST_PRECOMPILE))
      .map(([address, slots]) => ({ address, storageKeys: [...slots].sort((a, b) => (a < b ? -1 : 1)) }))
  }

  #note(address: Address): Set<bigint> {
    const known = this.#slots.get(address)
    if (known !== undefined) return known
    const slots = new Set<bigint>()
    this.#slots.set(address, slots)
    return slots
  }
}
