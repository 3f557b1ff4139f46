import type { Hash } from '#protocol/primitives.ts'
import { HASH_WORDS, hashBatch, kernelInput, kernelInputBytes, kernelOutput } from './kernel.ts'
import { wordsToHash } from './words.ts'

const BLOCK_BYTES = 56
const ELEMENT_BYTES = 7
const CAPACITY_OFFSET = 16

/**
 * Hash of bytes: blocks of eight elements of seven bytes each, padded with 1, zeros and a final 0x80; the digest so far
 * is the capacity of the next block. Used for code, logs and L2 transaction hashes. Source: zkEVM ROM, linear Poseidon.
 */
export function linearPoseidon(bytes: Uint8Array): Hash {
  const paddedSize = Math.ceil((bytes.length + 1) / BLOCK_BYTES) * BLOCK_BYTES
  kernelInput.fill(0, CAPACITY_OFFSET, CAPACITY_OFFSET + HASH_WORDS)
  for (let start = 0; start < paddedSize; start += BLOCK_BYTES) {
    if (start > 0) kernelInput.set(kernelOutput.subarray(0, HASH_WORDS), CAPACITY_OFFSET)
    const isLast = start + BLOCK_BYTES >= paddedSize
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const position = start + i
      let byte = position < bytes.length ? bytes[position]! : position === bytes.length ? 0x01 : 0
      if (isLast && i === BLOCK_BYTES - 1) byte |= 0x80
      kernelInputBytes[8 * Math.floor(i / ELEMENT_BYTES) + (i % ELEMENT_BYTES)] = byte
    }
    for (let element = 0; element < 8; element++) kernelInputBytes[8 * element + ELEMENT_BYTES] = 0
    hashBatch(1)
  }
  return wordsToHash(kernelOutput.subarray(0, HASH_WORDS))
}
