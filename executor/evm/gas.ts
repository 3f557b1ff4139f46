import type { Frame } from './frame.ts'
import { OUT_OF_GAS } from './halt.ts'

/** Gas of Berlin without EIP-3529, as the zkEVM charges it. */
export const GAS = {
  coldAccount: 2600,
  coldSlot: 2100,
  warm: 100,
  sstoreSet: 20000,
  sstoreReset: 2900,
  sstoreStipend: 2300,
  sstoreClearRefund: 15000,
  callValue: 9000,
  callStipend: 2300,
  newAccount: 25000,
  log: 375,
  logTopic: 375,
  logByte: 8,
  keccakWord: 6,
  copyWord: 3,
  expByte: 50,
  codeByte: 200,
  create: 32000,
  sendAll: 5000,
} as const

/** Last byte of memory a frame may touch, plus one. */
const MEMORY_LIMIT = 0x3fffe0n

/** @throws {ExceptionalHalt} out of gas */
export function charge(frame: Frame, gas: number): void {
  frame.gas -= gas
  if (frame.gas < 0) throw OUT_OF_GAS
}

export function wordCount(bytes: number): number {
  return (bytes + 31) >>> 5
}

function memoryGas(words: number): number {
  return 3 * words + Math.floor((words * words) / 512)
}

/**
 * Makes `length` bytes at `offset` usable and charges for the growth. An empty range touches nothing, whatever its offset.
 * @returns the offset as a number, 0 for an empty range
 * @throws {ExceptionalHalt} out of gas, also when the range passes the zkEVM's limit
 */
export function touchMemory(frame: Frame, offset: bigint, length: bigint): number {
  if (length === 0n) return 0
  if (offset > MEMORY_LIMIT || length > MEMORY_LIMIT || offset + length > MEMORY_LIMIT) throw OUT_OF_GAS
  const start = Number(offset)
  touch(frame, start + Number(length))
  return start
}

/** The same for one word or byte. */
export function touchMemoryWord(frame: Frame, offset: bigint, length: number): number {
  if (offset + BigInt(length) > MEMORY_LIMIT) throw OUT_OF_GAS
  const start = Number(offset)
  touch(frame, start + length)
  return start
}

function touch(frame: Frame, end: number): void {
  const { memory } = frame
  if (end <= memory.sizeBytes) return
  const words = wordCount(end)
  charge(frame, memoryGas(words) - memoryGas(memory.sizeBytes >>> 5))
  memory.expand(32 * words)
}
