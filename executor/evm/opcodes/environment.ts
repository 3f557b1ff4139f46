import { keccak256 } from '#protocol/keccak.ts'
import { blockHashSlot, SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import { bytesToWord, hashToWord, readPadded, wordToAddress } from '../../words.ts'
import type { AccountState } from '../../worldState.ts'
import type { Frame } from '../frame.ts'
import { charge, GAS, touchMemory, wordCount } from '../gas.ts'
import { RETURN_DATA_OUT_OF_BOUNDS } from '../halt.ts'
import { type InstructionSet, instruction } from '../instruction.ts'
import type { Evm } from '../interpreter.ts'

/** An instruction that pushes one word it needs no gas beyond `gas` for. */
function constant(name: string, gas: number, read: (frame: Frame, evm: Evm) => bigint) {
  return instruction(name, gas, [0, 1], (frame, evm) => {
    frame.stack.push(read(frame, evm))
    return undefined
  })
}

/** An instruction that answers a question about the account on top of the stack. */
function accountQuery(name: string, read: (account: AccountState) => bigint) {
  return instruction(name, 0, [1, 1], (frame, { world }) => {
    const top = frame.stack.length - 1
    const account = world.account(wordToAddress(frame.stack[top]!))
    charge(frame, world.warmAccount(account) ? GAS.coldAccount : GAS.warm)
    frame.stack[top] = read(account)
    return undefined
  })
}

/** Copies from `source` to memory: memory offset, source offset and length are on the stack. */
function copyToMemory(frame: Frame, source: Uint8Array): number {
  const { stack } = frame
  const memoryOffset = stack.pop()!
  const sourceOffset = stack.pop()!
  const length = stack.pop()!
  const offset = touchMemory(frame, memoryOffset, length)
  const sizeBytes = Number(length)
  charge(frame, GAS.copyWord * wordCount(sizeBytes))
  frame.memory.writePadded(offset, source, sourceOffset, sizeBytes)
  return sizeBytes
}

export const environment: InstructionSet = {
  32: instruction('KECCAK256', 30, [2, 1], (frame, { counters }) => {
    const { stack, memory } = frame
    const offset = stack.pop()!
    const length = stack.pop()!
    const start = touchMemory(frame, offset, length)
    const sizeBytes = Number(length)
    charge(frame, GAS.keccakWord * wordCount(sizeBytes))
    counters.keccak(sizeBytes)
    stack.push(bytesToWord(keccak256(memory.view(start, sizeBytes))))
    return undefined
  }),
  48: constant('ADDRESS', 2, ({ account }) => BigInt(account.address)),
  49: accountQuery('BALANCE', ({ balance }) => balance),
  50: constant('ORIGIN', 2, (_, { transaction }) => transaction.origin),
  51: constant('CALLER', 2, ({ caller }) => caller),
  52: constant('CALLVALUE', 2, ({ value }) => value),
  53: instruction('CALLDATALOAD', 3, [1, 1], ({ stack, input }) => {
    const top = stack.length - 1
    stack[top] = bytesToWord(readPadded(input, stack[top]!, 32))
    return undefined
  }),
  54: constant('CALLDATASIZE', 2, ({ input }) => BigInt(input.length)),
  55: instruction('CALLDATACOPY', 3, [3, 0], (frame, { counters }) => {
    counters.calldataCopy(copyToMemory(frame, frame.input), frame)
    return undefined
  }),
  56: constant('CODESIZE', 2, ({ code }) => BigInt(code.sizeBytes)),
  57: instruction('CODECOPY', 3, [3, 0], (frame, { counters }) => {
    counters.codeCopy(copyToMemory(frame, frame.code.bytes), frame)
    return undefined
  }),
  58: constant('GASPRICE', 2, (_, { transaction }) => transaction.gasPrice),
  59: accountQuery('EXTCODESIZE', ({ codeSize }) => BigInt(codeSize)),
  60: instruction('EXTCODECOPY', 0, [4, 0], (frame, { world, counters }) => {
    const { stack } = frame
    const account = world.account(wordToAddress(stack[stack.length - 1]!))
    const code = world.code(account)
    stack.pop()
    charge(frame, world.warmAccount(account) ? GAS.coldAccount : GAS.warm)
    counters.extCodeCopy(copyToMemory(frame, code.bytes), code.sizeBytes, frame)
    return undefined
  }),
  61: constant('RETURNDATASIZE', 2, ({ returnData }) => BigInt(returnData.length)),
  62: instruction('RETURNDATACOPY', 3, [3, 0], (frame, { counters }) => {
    const { stack, returnData } = frame
    const sourceOffset = stack[stack.length - 2]!
    const length = stack[stack.length - 3]!
    if (sourceOffset + length > BigInt(returnData.length)) throw RETURN_DATA_OUT_OF_BOUNDS
    counters.returnDataCopy(copyToMemory(frame, returnData), frame)
    return undefined
  }),
  // Linear Poseidon, not keccak; 0 also for an account that exists without code.
  63: accountQuery('EXTCODEHASH', ({ codeHash }) => hashToWord(codeHash)),
  // Any past block: the system contract keeps the state root after each one.
  64: instruction('BLOCKHASH', 0, [1, 1], (frame, { world }) => {
    const top = frame.stack.length - 1
    const slot = world.slot(world.account(SYSTEM_CONTRACT), hashToWord(blockHashSlot(frame.stack[top]!)))
    charge(frame, 20)
    frame.stack[top] = slot.value
    return undefined
  }),
  65: constant('COINBASE', 2, (_, { block }) => BigInt(block.coinbase)),
  66: constant('TIMESTAMP', 2, (_, { block }) => BigInt(block.timestamp)),
  67: constant('NUMBER', 2, (_, { block }) => BigInt(block.number)),
  68: constant('DIFFICULTY', 2, () => 0n),
  69: constant('GASLIMIT', 2, (_, { block }) => block.gasLimit),
  70: constant('CHAINID', 2, (_, { block }) => BigInt(block.chainId)),
  71: constant('SELFBALANCE', 5, ({ account }) => account.balance),
}
