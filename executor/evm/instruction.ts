import type { Frame } from './frame.ts'
import type { Evm } from './interpreter.ts'

/**
 * What an opcode does. `pops` and `pushes` are checked by the loop before `run`, and `gas` is charged. An instruction
 * that reads state has `gas` 0 and reads before it changes anything, because a read may throw `StateMiss` and then the
 * instruction runs once more; it charges afterwards.
 * `run` returns true when the frame has ended or has called: the loop then looks for the frame on top.
 */
export type Instruction = {
  name: string
  gas: number
  pops: number
  pushes: number
  run: (frame: Frame, evm: Evm) => boolean | undefined
}

export type InstructionSet = Readonly<Record<number, Instruction>>

export function instruction(
  name: string,
  gas: number,
  [pops, pushes]: readonly [number, number],
  run: (frame: Frame, evm: Evm) => boolean | undefined,
): Instruction {
  return { name, gas, pops, pushes, run }
}
