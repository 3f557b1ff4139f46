import { contractAddress, create2Address } from '#protocol/transaction.ts'
import { wordToAddress, wordToHash } from '../../words.ts'
import { StateMiss } from '../../worldState.ts'
import type { Frame, FrameKind } from '../frame.ts'
import { charge, GAS, touchMemory, wordCount } from '../gas.ts'
import { WRITE_PROTECTION } from '../halt.ts'
import { type Instruction, type InstructionSet, instruction } from '../instruction.ts'
import { byteLength } from './arithmetic.ts'

const NO_BYTES = new Uint8Array()
const MAX_NONCE = 2n ** 64n - 1n

/** EIP-150: all but one 64th. */
function mostGasToGive(gas: number): number {
  return gas - Math.floor(gas / 64)
}

function call(kind: Extract<FrameKind, 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL'>): Instruction {
  const hasValue = kind === 'CALL' || kind === 'CALLCODE'
  return instruction(kind, 0, [hasValue ? 7 : 6, 1], (frame, evm) => {
    const { stack } = frame
    const { world } = evm
    const target = world.account(wordToAddress(stack[stack.length - 2]!))
    const code = world.code(target)
    const requested = stack.pop()!
    stack.pop()
    const value = hasValue ? stack.pop()! : 0n
    if (kind === 'CALL' && value !== 0n && frame.isStatic) throw WRITE_PROTECTION
    const inputOffset = stack.pop()!
    const inputLength = stack.pop()!
    const outputOffset = stack.pop()!
    const outputLength = stack.pop()!
    const inputStart = touchMemory(frame, inputOffset, inputLength)
    const outputStart = touchMemory(frame, outputOffset, outputLength)
    let cost = world.warmAccount(target) ? GAS.coldAccount : GAS.warm
    if (value !== 0n) cost += GAS.callValue
    if (kind === 'CALL' && value !== 0n && target.isEmpty) cost += GAS.newAccount
    charge(frame, cost)
    evm.counters.call(Number(inputLength), Number(outputLength))
    evm.counters.callFrame(code.sizeBytes, value !== 0n)
    const most = mostGasToGive(frame.gas)
    const given = requested < BigInt(most) ? Number(requested) : most
    charge(frame, given)
    const gas = value === 0n ? given : given + GAS.callStipend
    frame.returnData = NO_BYTES
    const input = frame.memory.copy(inputStart, Number(inputLength))
    if (value > frame.account.balance)
      return evm.refuse({ kind, to: target.address, input, gas, value }, 'insufficient balance for transfer')
    const keepsContext = kind === 'DELEGATECALL'
    return evm.enterCall(
      {
        kind,
        account: kind === 'CALL' || kind === 'STATICCALL' ? target : frame.account,
        codeAddress: target.address,
        code,
        caller: keepsContext ? frame.caller : BigInt(frame.account.address),
        value: keepsContext ? frame.value : value,
        input,
        gas,
        isStatic: frame.isStatic || kind === 'STATICCALL',
        isDeploy: false,
        outputOffset: outputStart,
        outputLength: Number(outputLength),
      },
      kind === 'CALL' ? frame.account : undefined,
    )
  })
}

/** Runs `read`; when it misses, the frame's gas and memory are as before, for the second try to charge them again. */
function undoOnMiss<T>(frame: Frame, read: () => T): T {
  const { gas } = frame
  const { sizeBytes } = frame.memory
  try {
    return read()
  } catch (error) {
    if (error instanceof StateMiss) {
      frame.gas = gas
      frame.memory.sizeBytes = sizeBytes
    }
    throw error
  }
}

function create(kind: 'CREATE' | 'CREATE2'): Instruction {
  return instruction(kind, 0, [kind === 'CREATE' ? 3 : 4, 1], (frame, evm) => {
    if (frame.isStatic) throw WRITE_PROTECTION
    const { stack, account } = frame
    const { world } = evm
    const top = stack.length - 1
    const sizeBytes = stack[top - 2]!
    const { target, initCode } = undoOnMiss(frame, () => {
      const start = touchMemory(frame, stack[top - 1]!, sizeBytes)
      charge(frame, GAS.create + (kind === 'CREATE2' ? GAS.keccakWord * wordCount(Number(sizeBytes)) : 0))
      const bytes = frame.memory.copy(start, Number(sizeBytes))
      const address =
        kind === 'CREATE'
          ? contractAddress(account.address, account.nonce)
          : create2Address(account.address, wordToHash(stack[top - 3]!), bytes)
      return { target: world.account(address), initCode: bytes }
    })
    const value = stack.pop()!
    stack.length -= kind === 'CREATE' ? 2 : 3
    evm.counters.create(byteLength(account.nonce + 1n), initCode.length)
    if (kind === 'CREATE2') evm.counters.createFrame(kind, initCode.length)
    frame.returnData = NO_BYTES
    const gas = mostGasToGive(frame.gas)
    const refusal =
      value > account.balance
        ? 'insufficient balance for transfer'
        : account.nonce >= MAX_NONCE
          ? 'nonce uint64 overflow'
          : undefined
    charge(frame, gas)
    if (refusal !== undefined) return evm.refuse({ kind, to: target.address, input: initCode, gas, value }, refusal)
    world.setNonce(account, account.nonce + 1n)
    if (kind === 'CREATE') evm.counters.createFrame(kind, initCode.length)
    return evm.enterCreate({ kind, creator: account, target, initCode, value, gas })
  })
}

/** The zkEVM's SELFDESTRUCT: sends the whole balance and stops; code, storage and nonce stay. */
const sendAll = instruction('SELFDESTRUCT', 0, [1, 0], (frame, evm) => {
  if (frame.isStatic) throw WRITE_PROTECTION
  const { world } = evm
  const { account } = frame
  const receiver = world.account(wordToAddress(frame.stack[frame.stack.length - 1]!))
  frame.stack.pop()
  charge(frame, GAS.sendAll)
  const { balance } = account
  if (balance !== 0n && receiver !== account) {
    if (receiver.isEmpty) charge(frame, GAS.newAccount)
    if (world.warmAccount(receiver)) charge(frame, GAS.coldAccount)
    world.setBalance(account, 0n)
    world.setBalance(receiver, receiver.balance + balance)
  }
  evm.traceSendAll(frame, receiver.address, balance)
  return evm.finish(NO_BYTES)
})

export const calls: InstructionSet = {
  240: create('CREATE'),
  241: call('CALL'),
  242: call('CALLCODE'),
  244: call('DELEGATECALL'),
  245: create('CREATE2'),
  250: call('STATICCALL'),
  255: sendAll,
}
