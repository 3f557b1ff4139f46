import { bn254 } from '@noble/curves/bn254.js'
import { bytesToWord, readPadded, writeWord } from '../../words.ts'
import type { Precompile } from './precompiles.ts'

const { G1, G2, fields } = bn254
const FIELD = fields.Fp.ORDER
const CURVE_ORDER = fields.Fr.ORDER
const PAIR_SIZE_BYTES = 192

type G1Point = InstanceType<typeof G1.Point>
type G2Point = InstanceType<typeof G2.Point>

/** EIP-196: (0, 0) is infinity. @throws when the point is not on the curve */
function readG1(input: Uint8Array, offset: number): G1Point {
  const x = bytesToWord(input, offset)
  const y = bytesToWord(input, offset + 32)
  if (x >= FIELD || y >= FIELD) throw new RangeError('coordinate beyond the field')
  if (x === 0n && y === 0n) return G1.Point.ZERO
  const point = G1.Point.fromAffine({ x, y })
  point.assertValidity()
  return point
}

/** EIP-197: imaginary parts come first. @throws when the point is not in the group */
function readG2(input: Uint8Array, offset: number): G2Point {
  const words = [0, 32, 64, 96].map((start) => bytesToWord(input, offset + start)) as [bigint, bigint, bigint, bigint]
  if (words.some((word) => word >= FIELD)) throw new RangeError('coordinate beyond the field')
  if (words.every((word) => word === 0n)) return G2.Point.ZERO
  const [xImaginary, xReal, yImaginary, yReal] = words
  const x = fields.Fp2.fromBigTuple([xReal, xImaginary])
  const y = fields.Fp2.fromBigTuple([yReal, yImaginary])
  const point = G2.Point.fromAffine({ x, y })
  point.assertValidity()
  return point
}

function writeG1(point: G1Point): Uint8Array {
  const bytes = new Uint8Array(64)
  if (point.is0()) return bytes
  const { x, y } = point.toAffine()
  writeWord(bytes, 0, x)
  writeWord(bytes, 32, y)
  return bytes
}

/** undefined when a point or coordinate is refused. */
function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute()
  } catch {
    return undefined
  }
}

export const ecAdd: Precompile = {
  gas: () => 150,
  run: (bytes) => {
    const input = readPadded(bytes, 0n, 128)
    return attempt(() => writeG1(readG1(input, 0).add(readG1(input, 64))))
  },
}

export const ecMul: Precompile = {
  gas: () => 6000,
  run: (bytes) => {
    const input = readPadded(bytes, 0n, 96)
    return attempt(() => writeG1(readG1(input, 0).multiplyUnsafe(bytesToWord(input, 64) % CURVE_ORDER)))
  },
}

/** The word 1 when the product of the pairings is one, else 0. No pair at all gives 1. */
export const ecPairing: Precompile = {
  gas: (input) => 45000 + 34000 * Math.floor(input.length / PAIR_SIZE_BYTES),
  run: (input) => {
    if (input.length % PAIR_SIZE_BYTES !== 0) return undefined
    return attempt(() => {
      const pairs = []
      for (let offset = 0; offset < input.length; offset += PAIR_SIZE_BYTES) {
        const g1 = readG1(input, offset)
        const g2 = readG2(input, offset + 64)
        if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 })
      }
      const product = bn254.pairingBatch(pairs)
      const word = new Uint8Array(32)
      word[31] = fields.Fp12.eql(product, fields.Fp12.ONE) ? 1 : 0
      return word
    })
  },
}
