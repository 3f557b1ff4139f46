import { p256 } from '@noble/curves/nist.js'
import type { Precompile } from './precompiles.ts'

const NO_BYTES = new Uint8Array()
const INPUT_SIZE_BYTES = 160

/** RIP-7212: the word 1 for a valid secp256r1 signature, nothing else. hash, r, s, x, y of 32 bytes each. */
export const p256Verify: Precompile = {
  gas: () => 3450,
  run: (input) => {
    if (input.length !== INPUT_SIZE_BYTES) return NO_BYTES
    const publicKey = new Uint8Array(65)
    publicKey[0] = 0x04
    publicKey.set(input.subarray(96), 1)
    try {
      const options = { prehash: false, lowS: false }
      if (!p256.verify(input.slice(32, 96), input.slice(0, 32), publicKey, options)) return NO_BYTES
    } catch {
      return NO_BYTES // the key is not on the curve, or r or s is out of range
    }
    const word = new Uint8Array(32)
    word[31] = 1
    return word
  },
}
