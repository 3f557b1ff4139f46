import type { Address } from '#protocol/primitives.ts'
import type { WorldObserver } from '../worldState.ts'
import type { Frame, FrameKind } from './frame.ts'
import type { Log } from './interpreter.ts'

/** An instruction about to run. The frame is live: copy what is kept. */
export type TraceStep = {
  pc: number
  opcode: number
  name: string
  /** Words it leaves on the stack; for DUP and SWAP all down to the one that they reach. */
  pushes: number
  /** Remaining before the instruction. */
  gas: number
  /** 1 for the frame of the transaction. */
  depth: number
  frame: Frame
  /** Of the transaction so far, including the instructions before. */
  refund: number
}

export type TraceEnter = {
  kind: FrameKind | 'SELFDESTRUCT'
  from: Address
  to: Address
  input: Uint8Array
  gas: number
  /** wei; undefined where the kind carries none. */
  value: bigint | undefined
  depth: number
}

export type TraceExit = { output: Uint8Array; gasUsed: number; error: string | undefined; depth: number }

/** Watches an execution. Without one the interpreter runs a loop that knows nothing of it. */
export interface Tracer extends WorldObserver {
  onEnter?(enter: TraceEnter): void
  onExit?(exit: TraceExit): void
  /** A call or creation that does not begin, for want of balance or nonce: its gas comes back at once. */
  onRefuse?(enter: TraceEnter, reason: string): void
  onStep?(step: TraceStep): void
  /**
   * After the instruction of the last step: gas it took, with what it gave to a call and without what came back. Its
   * frame is as the next step finds it, but a call that entered code has not pushed its result. Absent when it halted.
   */
  onStepCost?(cost: number): void
  /** The frame of the last step ended exceptionally. */
  onFault?(reason: string): void
  onLog?(log: Log): void
}
