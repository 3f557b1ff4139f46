import type { Address, Hash } from '#protocol/primitives.ts'

export const TWO_256 = 1n << 256n
export const MAX_WORD = TWO_256 - 1n
const ADDRESS_MASK = (1n << 160n) - 1n

/** The low 20 bytes of a word as an address. */
export function wordToAddress(word: bigint): Address {
  return `0x${(word & ADDRESS_MASK).toString(16).padStart(40, '0')}` as Address
}

/** 32 bytes big-endian. */
export function wordToHash(word: bigint): Hash {
  return `0x${word.toString(16).padStart(64, '0')}` as Hash
}

/** Words are made of four 64-bit limbs read at once: about twice as fast as through a hex string. */
export function bytesToWord(bytes: Uint8Array, offset = 0): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32)
  const high = view.getBigUint64(0)
  const rest = (view.getBigUint64(8) << 128n) | (view.getBigUint64(16) << 64n) | view.getBigUint64(24)
  return high === 0n ? rest : (high << 192n) | rest
}

/** Writes 32 bytes big-endian. */
export function writeWord(bytes: Uint8Array, offset: number, word: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32)
  view.setBigUint64(0, word >> 192n)
  view.setBigUint64(8, word >> 128n)
  view.setBigUint64(16, word >> 64n)
  view.setBigUint64(24, word)
}

export function wordToBytes(word: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  writeWord(bytes, 0, word)
  return bytes
}

/** `length` bytes from `offset`, zero where the source has ended. A view when the source holds them all. */
export function readPadded(source: Uint8Array, offset: bigint, length: number): Uint8Array {
  if (offset >= BigInt(source.length)) return new Uint8Array(length)
  const start = Number(offset)
  if (start + length <= source.length) return source.subarray(start, start + length)
  const out = new Uint8Array(length)
  out.set(source.subarray(start))
  return out
}

export function hashToWord(hash: Hash): bigint {
  return BigInt(hash)
}
