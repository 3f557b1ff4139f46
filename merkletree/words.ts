import { type Hash, InvalidValueError } from '#protocol/primitives.ts'
import { HASH_WORDS } from './kernel.ts'

/**
 * A hash, key or 256-bit value is eight u32, least significant first, somewhere in an array. For a hash that is its
 * four field elements in order, low half first, since the first element is the least significant part of the printed
 * form.
 */
export type Words = Uint32Array

export const MAX_UINT256 = 2n ** 256n - 1n

/** 32 big-endian bytes to words. */
export function readWords(bytes: Uint8Array, offset: number, words: Words, at: number): void {
  for (let word = 0, i = offset + 28; word < 8; word++, i -= 4)
    words[at + word] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!
}

/** Words to 32 big-endian bytes. */
export function writeWords(words: Words, at: number, bytes: Uint8Array, offset: number): void {
  for (let word = 0, i = offset + 28; word < 8; word++, i -= 4) {
    const value = words[at + word]!
    bytes[i] = value >>> 24
    bytes[i + 1] = value >>> 16
    bytes[i + 2] = value >>> 8
    bytes[i + 3] = value
  }
}

export function copyWords(from: Words, at: number, to: Words, toAt: number): void {
  for (let word = 0; word < 8; word++) to[toAt + word] = from[at + word]!
}

export function sameWords(a: Words, at: number, b: Words, bAt: number): boolean {
  for (let word = 0; word < 8; word++) if (a[at + word] !== b[bAt + word]) return false
  return true
}

export function wordsToBytes(words: Words, bytes = new Uint8Array(32), offset = 0): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32)
  for (let i = 0; i < HASH_WORDS; i++) view.setUint32(28 - 4 * i, words[i]!)
  return bytes
}

export function wordsToHash(words: Words): Hash {
  let hex = ''
  for (let i = HASH_WORDS - 1; i >= 0; i--) hex += words[i]!.toString(16).padStart(8, '0')
  return `0x${hex}` as Hash
}

/** @throws {InvalidValueError} when the value is no uint256 */
export function bigIntToWords(value: bigint): Words {
  if (value < 0n || value > MAX_UINT256)
    throw new InvalidValueError('Not a uint256.', { facts: { value: String(value) } })
  return hexDigitsToWords(value.toString(16))
}

export function wordsToBigInt(words: Words): bigint {
  return BigInt(wordsToHash(words))
}

/** @param digits at most 64 hex digits, no prefix */
export function hexDigitsToWords(digits: string): Words {
  const words = new Uint32Array(HASH_WORDS)
  for (let i = 0, end = digits.length; end > 0; i++, end -= 8)
    words[i] = Number.parseInt(digits.slice(Math.max(0, end - 8), end), 16)
  return words
}

/** Whether each of the four elements is below p: as numbers modulo p, others would be a second form of the same. */
export function areElements(words: Words, at: number): boolean {
  for (let low = at; low < at + 8; low += 2) if (words[low + 1] === 0xffffffff && words[low] !== 0) return false
  return true
}

/** Key of a Map for a 32-byte hash. */
export function mapKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, 32).toString('latin1')
}
