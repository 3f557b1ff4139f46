import type { Frame } from '../frame.ts'
import { touchMemory, touchMemoryWord } from '../gas.ts'
import { INVALID_JUMP } from '../halt.ts'
import { type InstructionSet, instruction } from '../instruction.ts'

const NO_BYTES = new Uint8Array()

function jump(frame: Frame, target: bigint): void {
  if (target >= BigInt(frame.code.sizeBytes)) throw INVALID_JUMP
  const offset = Number(target)
  if (!frame.code.isJumpDestination(offset)) throw INVALID_JUMP
  frame.pc = offset
}

/** Control flow, memory and the ways to end a frame. */
export const flow: InstructionSet = {
  0: instruction('STOP', 0, [0, 0], (_, evm) => evm.finish(NO_BYTES)),
  80: instruction('POP', 2, [1, 0], ({ stack }) => {
    stack.pop()
    return undefined
  }),
  81: instruction('MLOAD', 3, [1, 1], (frame) => {
    const top = frame.stack.length - 1
    const offset = touchMemoryWord(frame, frame.stack[top]!, 32)
    frame.stack[top] = frame.memory.readWord(offset)
    return undefined
  }),
  82: instruction('MSTORE', 3, [2, 0], (frame) => {
    const offset = touchMemoryWord(frame, frame.stack.pop()!, 32)
    frame.memory.writeWord(offset, frame.stack.pop()!)
    return undefined
  }),
  83: instruction('MSTORE8', 3, [2, 0], (frame) => {
    const offset = touchMemoryWord(frame, frame.stack.pop()!, 1)
    frame.memory.writeByte(offset, Number(frame.stack.pop()! & 0xffn))
    return undefined
  }),
  86: instruction('JUMP', 8, [1, 0], (frame) => {
    jump(frame, frame.stack.pop()!)
    return undefined
  }),
  87: instruction('JUMPI', 10, [2, 0], (frame) => {
    const target = frame.stack.pop()!
    if (frame.stack.pop()! !== 0n) jump(frame, target)
    return undefined
  }),
  88: instruction('PC', 2, [0, 1], (frame) => {
    frame.stack.push(BigInt(frame.pc - 1))
    return undefined
  }),
  89: instruction('MSIZE', 2, [0, 1], (frame) => {
    frame.stack.push(BigInt(frame.memory.sizeBytes))
    return undefined
  }),
  90: instruction('GAS', 2, [0, 1], (frame) => {
    frame.stack.push(BigInt(frame.gas))
    return undefined
  }),
  91: instruction('JUMPDEST', 1, [0, 0], () => undefined),
  243: instruction('RETURN', 0, [2, 0], (frame, evm) => {
    const output = popOutput(frame)
    evm.counters.return(output.length, frame)
    return evm.finish(output)
  }),
  253: instruction('REVERT', 0, [2, 0], (frame, evm) => {
    const output = popOutput(frame)
    evm.counters.revert(output.length)
    return evm.finish(output, 'execution reverted')
  }),
}

function popOutput(frame: Frame): Uint8Array {
  const offset = frame.stack.pop()!
  const length = frame.stack.pop()!
  return frame.memory.copy(touchMemory(frame, offset, length), Number(length))
}
