import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak256 } from '#protocol/keccak.ts'
import { bytesToWord, readPadded } from '../../words.ts'
import type { Precompile } from './precompiles.ts'

const NO_BYTES = new Uint8Array()
const INPUT_SIZE_BYTES = 128
const { Fn, Fp } = secp256k1.Point
const CURVE_ORDER = Fn.ORDER

/** Address whose key signed a hash, as a word; nothing for a bad signature. Unlike in transactions, s may be high. */
export const ecRecover: Precompile = {
  gas: () => 3000,
  run: (bytes) => {
    const input = readPadded(bytes, 0n, INPUT_SIZE_BYTES)
    const { v, r, s } = signature(input)
    if (!isWellFormed(v, r, s)) return NO_BYTES
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

/** How far the program gets with an input, which decides its cost in counters. */
export function recoverOutcome(bytes: Uint8Array): 'malformed' | 'noPoint' | 'point' {
  const { v, r, s } = signature(readPadded(bytes, 0n, INPUT_SIZE_BYTES))
  if (!isWellFormed(v, r, s)) return 'malformed'
  try {
    Fp.sqrt(Fp.create(r * r * r + 7n))
    return 'point'
  } catch {
    return 'noPoint'
  }
}

function signature(input: Uint8Array): { v: bigint; r: bigint; s: bigint } {
  return { v: bytesToWord(input, 32), r: bytesToWord(input, 64), s: bytesToWord(input, 96) }
}

function isWellFormed(v: bigint, r: bigint, s: bigint): boolean {
  return (v === 27n || v === 28n) && r > 0n && r < CURVE_ORDER && s > 0n && s < CURVE_ORDER
}
