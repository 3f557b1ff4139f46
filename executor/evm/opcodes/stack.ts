import { type InstructionSet, instruction } from '../instruction.ts'

const push0: InstructionSet = {
  95: instruction('PUSH0', 2, [0, 1], ({ stack }) => {
    stack.push(0n)
    return undefined
  }),
}

function pushes(): InstructionSet {
  const set: Record<number, ReturnType<typeof instruction>> = {}
  for (let length = 1; length <= 32; length++)
    set[0x5f + length] = instruction(`PUSH${length}`, 3, [0, 1], (frame) => {
      frame.stack.push(frame.code.pushValue(frame.pc, length))
      frame.pc += length
      return undefined
    })
  return set
}

function dupsAndSwaps(): InstructionSet {
  const set: Record<number, ReturnType<typeof instruction>> = {}
  for (let depth = 1; depth <= 16; depth++) {
    set[0x7f + depth] = instruction(`DUP${depth}`, 3, [depth, depth + 1], ({ stack }) => {
      stack.push(stack[stack.length - depth]!)
      return undefined
    })
    set[0x8f + depth] = instruction(`SWAP${depth}`, 3, [depth + 1, depth + 1], ({ stack }) => {
      const top = stack.length - 1
      const other = top - depth
      const word = stack[top]!
      stack[top] = stack[other]!
      stack[other] = word
      return undefined
    })
  }
  return set
}

export const stackInstructions: InstructionSet = { ...pushes(), ...dupsAndSwaps() }
/** EIP-3855. */
export const push0Instruction: InstructionSet = push0
