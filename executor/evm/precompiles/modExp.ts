import { bigIntToBytes, bytesToBigInt } from '#common/bytes.ts'
import { bytesToWord, readPadded } from '../../words.ts'
import type { Precompile } from './precompiles.ts'

const NO_BYTES = new Uint8Array()
const HEADER_SIZE_BYTES = 96
/** Of each number. */
const MAX_SIZE_BYTES = 1024n

function sizes(input: Uint8Array) {
  const header = readPadded(input, 0n, HEADER_SIZE_BYTES)
  return { base: bytesToWord(header, 0), exponent: bytesToWord(header, 32), modulus: bytesToWord(header, 64) }
}

const bitLength = (value: bigint) => (value === 0n ? 0 : value.toString(2).length)

function longer(a: bigint, b: bigint): bigint {
  if (a < b) return b
  return a
}

/** EIP-2565. Infinity when it is beyond any gas limit. */
function gas(input: Uint8Array): number {
  const { base, exponent, modulus } = sizes(input)
  const words = (longer(base, modulus) + 7n) / 8n
  const headSize = exponent < 32n ? Number(exponent) : 32
  const head = bytesToBigInt(readPadded(input, BigInt(HEADER_SIZE_BYTES) + base, headSize))
  const headBits = BigInt(Math.max(bitLength(head) - 1, 0))
  const iterations = exponent <= 32n ? headBits : 8n * (exponent - 32n) + headBits
  const cost = (words * words * (iterations > 0n ? iterations : 1n)) / 3n
  return cost > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Math.max(200, Number(cost))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus === 0n) return 0n
  let result = 1n % modulus
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function refuses(input: Uint8Array): boolean {
  const { base, exponent, modulus } = sizes(input)
  if (modulus === 0n) return false
  const read = base === 0n ? [modulus] : [base, exponent, modulus]
  return read.some((size) => size > MAX_SIZE_BYTES)
}

/** base^exponent mod modulus, of the modulus' size. EIP-198. */
export const modExp: Precompile = {
  gas,
  refuses,
  run: (input) => {
    const { base, exponent, modulus } = sizes(input)
    if (modulus === 0n) return NO_BYTES
    const start = BigInt(HEADER_SIZE_BYTES)
    const read = (offset: bigint, size: bigint) => bytesToBigInt(readPadded(input, offset, Number(size)))
    const value = power(read(start, base), read(start + base, exponent), read(start + base + exponent, modulus))
    return bigIntToBytes(value, Number(modulus))
  },
}
