import type { ForkRules } from '#protocol/forks.ts'
import { INVALID_OPCODE } from './halt.ts'
import { type Instruction, instruction } from './instruction.ts'
import { arithmetic } from './opcodes/arithmetic.ts'
import { calls } from './opcodes/calls.ts'
import { environment } from './opcodes/environment.ts'
import { flow } from './opcodes/flow.ts'
import { push0Instruction, stackInstructions } from './opcodes/stack.ts'
import { storage } from './opcodes/storage.ts'

const STACK_LIMIT = 1024

/** Instructions by opcode, with what the loop checks before each laid out in typed arrays. */
export type OpcodeTable = {
  instructions: readonly Instruction[]
  gas: Uint16Array
  /** Fewest words the stack must hold. */
  minStack: Uint16Array
  /** Most words the stack may hold. */
  maxStack: Uint16Array
}

const DESIGNATED_INVALID = 0xfe

const invalid = (opcode: number) =>
  instruction(
    opcode === DESIGNATED_INVALID ? 'INVALID' : `opcode 0x${opcode.toString(16)} not defined`,
    0,
    [0, 0],
    () => {
      throw INVALID_OPCODE
    },
  )

const tables = new Map<number, OpcodeTable>()

/** The opcodes of a fork; everything not named there ends the frame with all its gas. */
export function opcodeTable(rules: ForkRules): OpcodeTable {
  const known = tables.get(rules.forkId)
  if (known !== undefined) return known
  const set = {
    ...arithmetic,
    ...environment,
    ...flow,
    ...stackInstructions,
    ...storage,
    ...calls,
    ...(rules.push0 ? push0Instruction : {}),
  }
  const instructions = Array.from({ length: 256 }, (_, opcode) => set[opcode] ?? invalid(opcode))
  const table = {
    instructions,
    gas: Uint16Array.from(instructions, ({ gas }) => gas),
    minStack: Uint16Array.from(instructions, ({ pops }) => pops),
    maxStack: Uint16Array.from(instructions, ({ pops, pushes }) => STACK_LIMIT + pops - pushes),
  }
  tables.set(rules.forkId, table)
  return table
}
