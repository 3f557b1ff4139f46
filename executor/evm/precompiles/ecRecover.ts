import { secp256k1 } from '@noble/curves/secp256k1.js'
import { CURVE_ORDER, recoverAddress } from '#protocol/secp256k1.ts'
import { bytesToWord, readPadded } from '../../words.ts'
import type { Precompile } from './precompiles.ts'

const NO_BYTES = new Uint8Array()
const INPUT_SIZE_BYTES = 128
const { Fp } = secp256k1.Point

/** Address whose key signed a hash, as a word; nothing for a bad signature. Unlike in transactions, s may be high. */
export const ecRecover: Precompile = {
  gas: () => 3000,
  run: (bytes) => {
    const input = readPadded(bytes, 0n, INPUT_SIZE_BYTES)
    const address = recover(input)
    if (address === undefined) return NO_BYTES
    const word = new Uint8Array(32)
    word.set(address, 12)
    return word
  },
}

/** How far the program gets with an input, which decides its cost in counters. */
export function recoverOutcome(bytes: Uint8Array): 'malformed' | 'noPoint' | 'point' {
  const input = readPadded(bytes, 0n, INPUT_SIZE_BYTES)
  const { v, r, s } = signature(input)
  if (!isWellFormed(v, r, s)) return 'malformed'
  if (recover(input) !== undefined) return 'point'
  try {
    Fp.sqrt(Fp.create(r * r * r + 7n)) // the key may be the point at infinity
    return 'point'
  } catch {
    return 'noPoint'
  }
}

function recover(input: Uint8Array): Uint8Array | undefined {
  const { v, r, s } = signature(input)
  return isWellFormed(v, r, s) ? recoverAddress(input.slice(0, 32), r, s, v === 28n ? 1 : 0) : undefined
}

function signature(input: Uint8Array): { v: bigint; r: bigint; s: bigint } {
  return { v: bytesToWord(input, 32), r: bytesToWord(input, 64), s: bytesToWord(input, 96) }
}

function isWellFormed(v: bigint, r: bigint, s: bigint): boolean {
  return (v === 27n || v === 28n) && r > 0n && r < CURVE_ORDER && s > 0n && s < CURVE_ORDER
}
