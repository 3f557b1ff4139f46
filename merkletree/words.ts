import type { Hash } from '#protocol/primitives.ts'
import { HASH_WORDS } from './kernel.ts'

/**
 * A hash, key or 256-bit value as eight u32, least significant first. For a hash that is its four field elements in
 * order, low half first, since the first element is the least significant part of the printed form.
 */
export type Words = Uint32Array

export function bytesToWords(bytes: Uint8Array, words: Words = new Uint32Array(HASH_WORDS)): Words {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  for (let i = 0; i < HASH_WORDS; i++) words[i] = view.getUint32(28 - 4 * i)
  return words
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

/** uint256. */
export function bigIntToWords(value: bigint): Words {
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

export function isZero(words: Words): boolean {
  return words.every((word) => word === 0)
}

export function equalWords(a: Words, b: Words): boolean {
  for (let i = 0; i < HASH_WORDS; i++) if (a[i] !== b[i]) return false
  return true
}

/** Key of a Map for a 32-byte hash. */
export function mapKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, 32).toString('latin1')
}
