import fc from 'fast-check'
import { expect, test } from 'vitest'
import { multiplyByMatrix, WIDTH } from './assembly/matrix.ts'
import { ROUND_CONSTANTS } from './assembly/roundConstants.ts'
import { hashBatch, kernelInput, kernelOutput } from './kernel.ts'

const P = 0xffffffff00000001n
const FULL_ROUNDS_HALF = 4
const ROUNDS = 30

/** The definition: add the constants, x^7 in every lane or in the first, multiply by the matrix. */
function referenceHash(input: readonly bigint[]): bigint[] {
  let state = [...input]
  for (let round = 0; round < ROUNDS; round++) {
    const isFull = round < FULL_ROUNDS_HALF || round >= ROUNDS - FULL_ROUNDS_HALF
    state = state.map((element, lane) => {
      const x = (element + ROUND_CONSTANTS[round * WIDTH + lane]!) % P
      return isFull || lane === 0 ? x ** 7n % P : x
    })
    state = multiplyByMatrix(state)
  }
  return state.slice(0, 4)
}

/** All of 1, 2, 4 … modulo p, of which 2^96 is -1: their products have every pattern of carries and borrows. */
const powersOfTwo = Array.from({ length: 192 }, (_, exponent) => 2n ** BigInt(exponent) % P)
const edges = [0n, ...powersOfTwo, ...powersOfTwo.map((power) => (power + P - 1n) % P), 0xffffffffn]
const element = fc.oneof(fc.bigInt({ min: 0n, max: P - 1n }), fc.constantFrom(...edges))
/** Either what goes into the kernel or what goes into the first S-boxes has edges in it. */
const input = fc
  .tuple(fc.array(element, { minLength: WIDTH, maxLength: WIDTH }), fc.boolean())
  .map(([elements, atSboxes]) =>
    atSboxes ? elements.map((value, lane) => (value + P - ROUND_CONSTANTS[lane]!) % P) : elements,
  )

function kernelHashes(inputs: readonly (readonly bigint[])[]): bigint[][] {
  const words = new BigUint64Array(kernelInput.buffer, kernelInput.byteOffset, WIDTH * inputs.length)
  words.set(inputs.flat())
  hashBatch(inputs.length)
  const hashes = new BigUint64Array(kernelOutput.buffer, kernelOutput.byteOffset, 4 * inputs.length)
  return inputs.map((_, index) => [...hashes.subarray(4 * index, 4 * index + 4)])
}

test('the kernel gives the hash of the definition', () => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 4 }), (inputs) => {
      expect(kernelHashes(inputs)).toEqual(inputs.map(referenceHash))
    }),
    { numRuns: 300 },
  )
})

test('the first S-boxes take every edge', () => {
  const inputs = edges.map((edge) => ROUND_CONSTANTS.slice(0, WIDTH).map((constant) => (edge + P - constant) % P))
  expect(kernelHashes(inputs)).toEqual(inputs.map(referenceHash))
})
