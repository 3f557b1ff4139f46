import { bn254 } from '@noble/curves/bn254.js'
import { concatBytes, hexToBytes } from '#common/bytes.ts'
import { sign } from '#executor/testing/chain.ts'
import { signingHash } from '#protocol/transaction.ts'
import { call, REPORT } from './callCases.ts'
import { place, word } from './opcodeCases.ts'
import type { Case } from './scenario.ts'

const { G1, G2, fields } = bn254
const FIELD = fields.Fp.ORDER
const ORDER = fields.Fr.ORDER

const words = (...values: readonly bigint[]) => hexToBytes(`0x${values.map(word).join('')}`)

function g1(scalar: bigint): Uint8Array {
  const { x, y } = G1.Point.BASE.multiply(scalar).toAffine()
  return words(x, y)
}

function g2(scalar: bigint): Uint8Array {
  const { x, y } = G2.Point.BASE.multiply(scalar).toAffine()
  return words(x.c1, x.c0, y.c1, y.c0)
}

/** On the twist but not in the group of the right order. */
function outsideSubgroup(): Uint8Array {
  const { Fp2 } = fields
  for (let candidate = 1n; ; candidate++) {
    const x = Fp2.fromBigTuple([candidate, 1n])
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.Point.CURVE().b)
    if (!Fp2.eql(Fp2.pow(square, (Fp2.ORDER - 1n) / 2n), Fp2.ONE)) continue
    const y = Fp2.sqrt(square)
    return words(x.c1, x.c0, y.c1, y.c0)
  }
}

function recoverInputs(): Record<string, Uint8Array> {
  const { transaction } = sign({}, 77)
  const { r, s, v } = transaction
  const hash = signingHash(transaction)
  const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const input = (vWord: bigint, rWord = r, sWord = s) => concatBytes(hash, words(vWord, rWord, sWord))
  const other = v === 27 ? 28n : 27n
  return {
    good: input(BigInt(v)),
    'of the other parity': input(other),
    'with high s': input(other, r, curveOrder - s),
    'with v 0': input(0n),
    'with v beyond a byte': input(BigInt(v) + 256n),
    'with r 0': input(27n, 0n),
    'with r of the order': input(27n, curveOrder),
    'with s 0': input(27n, r, 0n),
    'with s of the order': input(27n, r, curveOrder),
    'with r no coordinate': input(27n, 5n),
    'cut short': input(BigInt(v)).subarray(0, 100),
    'with bytes behind': concatBytes(input(BigInt(v)), words(1n)),
    'of nothing': new Uint8Array(),
  }
}

const INPUTS: Record<number, () => Record<string, Uint8Array>> = {
  1: recoverInputs,
  2: () => Object.fromEntries([0, 1, 32, 33, 64, 200].map((size) => [`of ${size}`, new Uint8Array(size).fill(size)])),
  4: () => Object.fromEntries([0, 1, 32, 33, 200].map((size) => [`of ${size}`, new Uint8Array(size).fill(size)])),
  6: () => ({
    good: concatBytes(g1(1n), g1(2n)),
    doubling: concatBytes(g1(3n), g1(3n)),
    'to infinity': concatBytes(g1(3n), g1(ORDER - 3n)),
    'of infinity': new Uint8Array(128),
    'cut short': g1(5n),
    'cut inside a word': g1(5n).subarray(0, 63),
    'of nothing': new Uint8Array(),
    'with bytes behind': concatBytes(g1(1n), g1(2n), words(9n)),
    'off the curve': words(1n, 1n, 1n, 2n),
    'beyond the field': words(FIELD + 1n, 2n),
  }),
  7: () => ({
    ...Object.fromEntries(
      [0n, 1n, 2n, 9n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map((scalar) => [
        `by ${scalar}`,
        concatBytes(g1(7n), words(scalar)),
      ]),
    ),
    'without a scalar': g1(7n),
    'of infinity': words(0n, 0n, 5n),
    'off the curve': words(1n, 3n, 5n),
    'beyond the field': words(1n, FIELD + 2n, 5n),
  }),
  8: () => ({
    'of no pair': new Uint8Array(),
    'of one pair': concatBytes(g1(1n), g2(1n)),
    'of pairs that cancel': concatBytes(g1(6n), g2(1n), g1(ORDER - 2n), g2(3n)),
    'of pairs that do not': concatBytes(g1(6n), g2(1n), g1(ORDER - 2n), g2(4n)),
    'with infinity': concatBytes(new Uint8Array(64), g2(5n), g1(2n), new Uint8Array(128)),
    'cut short': concatBytes(g1(1n), g2(1n)).subarray(1),
    'off the curve': concatBytes(words(1n, 1n), g2(1n)),
    'off the twist': concatBytes(g1(1n), words(1n, 2n, 3n, 4n)),
    'outside the subgroup': concatBytes(g1(1n), outsideSubgroup()),
    'beyond the field': concatBytes(g1(1n), words(FIELD, 0n, 0n, 0n)),
  }),
}

/** Gas to offer each precompile: around what it asks for. */
const GAS: Record<number, number[]> = {
  1: [2999, 3000],
  2: [59, 72, 200],
  4: [14, 18, 200],
  6: [149, 150],
  7: [5999, 6000],
  8: [44_999, 45_000, 113_000],
}

/** Precompiles both chains have, called by transactions and by contracts, with value and without. */
export function precompileCases(): Case[] {
  const inputs = Object.entries(INPUTS).flatMap(([number, make]) =>
    Object.entries(make()).map(([name, data]) => ({ to: Number(number), name: `precompile ${number} ${name}`, data })),
  )
  const direct: Case[] = inputs.map((input, index) => ({ ...input, accounts: {}, value: BigInt(index % 2) }))
  const drafts = inputs.flatMap(({ to, name, data }) =>
    [...GAS[to]!, 500_000].map((gas) => ({
      name: `${name}, called with ${gas} gas`,
      data,
      account: { balance: 3n },
      program: () => {
        const value = gas === 500_000 ? 1 : 0
        const run = call('CALL', { to: word(BigInt(to)), gas, value, inputLength: data.length, outputLength: 40 })
        return [0x36, '00', '00', 0x37, ...run, ...REPORT]
      },
    })),
  )
  return [...direct, ...place(drafts)]
}
