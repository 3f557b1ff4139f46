import type { Address } from '#protocol/primitives.ts'
import type { Code } from '../code.ts'
import type { AccountState } from '../worldState.ts'
import { Memory } from './memory.ts'

const NO_BYTES = new Uint8Array()

export type FrameKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2'

export type FrameInput = {
  kind: FrameKind
  /** Whose storage and balance the code works on. */
  account: AccountState
  /** Where the code is; the account itself except for CALLCODE and DELEGATECALL. */
  codeAddress: Address
  code: Code
  /** Word. */
  caller: bigint
  /** What CALLVALUE answers, wei. */
  value: bigint
  input: Uint8Array
  gas: number
  isStatic: boolean
  /** Runs init code, here or above: a deploying transaction or a CREATE. */
  isDeploy: boolean
  /** Where in the parent's memory the output goes. */
  outputOffset: number
  outputLength: number
}

/** One activation of contract code. Frames stand in a list, not on the JavaScript stack: depth is bounded by gas only. */
export class Frame {
  readonly kind: FrameKind
  readonly account: AccountState
  readonly codeAddress: Address
  readonly code: Code
  readonly caller: bigint
  readonly value: bigint
  readonly input: Uint8Array
  readonly isStatic: boolean
  readonly isDeploy: boolean
  readonly outputOffset: number
  readonly outputLength: number
  /** What it began with. */
  readonly givenGas: number
  /** Remaining. Never above 2^53. */
  gas: number
  pc = 0
  readonly stack: bigint[] = []
  readonly memory = new Memory()
  /** Output of the last call this frame made. */
  returnData: Uint8Array = NO_BYTES

  /** What to go back to when the frame fails. */
  readonly checkpoint: number
  readonly logCount: number
  readonly refund: number

  constructor(input: FrameInput, undo: { checkpoint: number; logCount: number; refund: number }) {
    this.kind = input.kind
    this.account = input.account
    this.codeAddress = input.codeAddress
    this.code = input.code
    this.caller = input.caller
    this.value = input.value
    this.input = input.input
    this.isStatic = input.isStatic
    this.isDeploy = input.isDeploy
    this.outputOffset = input.outputOffset
    this.outputLength = input.outputLength
    this.givenGas = input.gas
    this.gas = input.gas
    this.checkpoint = undo.checkpoint
    this.logCount = undo.logCount
    this.refund = undo.refund
  }

  get isCreate(): boolean {
    return this.kind === 'CREATE' || this.kind === 'CREATE2'
  }
}
