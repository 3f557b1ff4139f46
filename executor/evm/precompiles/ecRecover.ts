import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak256 } from '#protocol/keccak.ts'
import { bytesToWord, readPadded } from '../../words.ts'
import type { Precompile } from './precompiles.ts'

const NO_BYTES = new Uint8Array()
const CURVE_ORDER = secp256k1.Point.Fn.ORDER

/** Address whose key signed a hash, as a word; nothing for a bad signature. Unlike in transactions, s may be high. */
export const ecRecover: Precompile = {
  gas: () => 3000,
  run: (bytes) => {
    const input = readPadded(bytes, 0n, 128)
    const [v, r, s] = [bytesToWord(input, 32), bytesToWord(input, 64), bytesToWord(input, 96)]
    if ((v !== 27n && v !== 28n) || !isInRange(r) || !isInRange(s)) return NO_BYTES
    try {
      const point = new secp256k1.Signature(r, s, Number(v) - 27).recoverPublicKey(input.slice(0, 32))
      const word = new Uint8Array(32)
      word.set(keccak256(point.toBytes(false).subarray(1)).subarray(12), 12)
      return word
    } catch {
      return NO_BYTES // r is no point's abscissa, or the point is at infinity
    }
  },
}

function isInRange(value: bigint): boolean {
  return value > 0n && value < CURVE_ORDER
}
