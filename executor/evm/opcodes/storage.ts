import type { Hash } from '#protocol/primitives.ts'
import { wordToHash } from '../../words.ts'
import type { Slot, WorldState } from '../../worldState.ts'
import { charge, GAS, touchMemory } from '../gas.ts'
import { OUT_OF_GAS, WRITE_PROTECTION } from '../halt.ts'
import { type Instruction, type InstructionSet, instruction } from '../instruction.ts'

/** EIP-2200 with EIP-2929 and the refunds before EIP-3529. */
function storeCost(world: WorldState, slot: Slot & { value: bigint }, value: bigint): { gas: number; refund: number } {
  const { value: current } = slot
  if (current === value) return { gas: GAS.warm, refund: 0 }
  const original = world.originalValue(slot)
  if (original === current) {
    if (original === 0n) return { gas: GAS.sstoreSet, refund: 0 }
    return { gas: GAS.sstoreReset, refund: value === 0n ? GAS.sstoreClearRefund : 0 }
  }
  let refund = 0
  if (original !== 0n) {
    if (current === 0n) refund -= GAS.sstoreClearRefund
    else if (value === 0n) refund += GAS.sstoreClearRefund
  }
  if (original === value) refund += (original === 0n ? GAS.sstoreSet : GAS.sstoreReset) - GAS.warm
  return { gas: GAS.warm, refund }
}

function log(topicCount: number): Instruction {
  const gas = GAS.log + GAS.logTopic * topicCount
  return instruction(`LOG${topicCount}`, gas, [2 + topicCount, 0], (frame, evm) => {
    if (frame.isStatic) throw WRITE_PROTECTION
    const { stack } = frame
    const offset = stack.pop()!
    const length = stack.pop()!
    const start = touchMemory(frame, offset, length)
    const sizeBytes = Number(length)
    charge(frame, GAS.logByte * sizeBytes)
    evm.counters.log(sizeBytes)
    const topics: Hash[] = []
    for (let index = 0; index < topicCount; index++) topics.push(wordToHash(stack.pop()!))
    evm.addLog({ address: frame.account.address, topics, data: frame.memory.copy(start, sizeBytes) })
    return undefined
  })
}

export const storage: InstructionSet = {
  84: instruction('SLOAD', 0, [1, 1], (frame, { world }) => {
    const top = frame.stack.length - 1
    const slot = world.slot(frame.account, frame.stack[top]!)
    charge(frame, world.warmSlot(slot) ? GAS.coldSlot : GAS.warm)
    frame.stack[top] = slot.value
    return undefined
  }),
  85: instruction('SSTORE', 0, [2, 0], (frame, evm) => {
    if (frame.isStatic) throw WRITE_PROTECTION
    if (frame.gas <= GAS.sstoreStipend) throw OUT_OF_GAS
    const { stack } = frame
    const { world } = evm
    const slot = world.slot(frame.account, stack[stack.length - 1]!)
    stack.pop()
    const value = stack.pop()!
    const { gas, refund } = storeCost(world, slot, value)
    charge(frame, (world.warmSlot(slot) ? GAS.coldSlot : 0) + gas)
    evm.refund += refund
    if (slot.value !== value) world.setStorage(slot, value)
    return undefined
  }),
  160: log(0),
  161: log(1),
  162: log(2),
  163: log(3),
  164: log(4),
}
