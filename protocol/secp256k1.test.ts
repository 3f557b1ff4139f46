import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import {
  CURVE_ORDER,
  recoverAddress,
  recoverWithLibsecp256k1,
  recoverWithNoble,
  signWithLibsecp256k1,
  signWithNoble,
} from './secp256k1.ts'

const DIGEST = new Uint8Array(32).fill(7)
const FIELD_PRIME = secp256k1.Point.Fp.ORDER
const { BASE } = secp256k1.Point

/** Platforms the package ships a binary for; elsewhere the test of the native code is skipped, and says so. */
const shipped = ['linux-x64', 'darwin-arm64', 'win32-x64'].includes(`${process.platform}-${process.arch}`)

const implementations = {
  noble: recoverWithNoble,
  ...(shipped ? { libsecp256k1: recoverWithLibsecp256k1! } : {}),
}

const compact = (r: bigint, s: bigint) => concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32))

test.runIf(shipped)('the native binary loads on this platform', () => {
  expect(recoverWithLibsecp256k1).toBeDefined()
})

describe.each(Object.entries(implementations))('%s', (_, recover) => {
  test('finds the key of a signature, with low s and with high s', () => {
    const key = new Uint8Array(32).fill(1)
    const bytes = secp256k1.sign(DIGEST, key, { prehash: false, format: 'recovered' })
    const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
    const parity = recovery === 1 ? 1 : 0
    const expected = bytesToHex(secp256k1.getPublicKey(key, false))
    expect(bytesToHex(recover(DIGEST, compact(r, s), parity)!)).toBe(expected)
    expect(bytesToHex(recover(DIGEST, compact(r, CURVE_ORDER - s), parity === 1 ? 0 : 1)!)).toBe(expected)
  })

  test.each([
    ['r of zero', 0n, 1n],
    ['r of the order', CURVE_ORDER, 1n],
    ['r of the field prime', FIELD_PRIME, 1n],
    ['r beyond', 2n ** 256n - 1n, 1n],
    ['r that is no abscissa', 5n, 1n],
    ['s of zero', 1n, 0n],
    ['s of the order', 1n, CURVE_ORDER],
    ['s beyond', 1n, 2n ** 256n - 1n],
  ])('finds no key: %s', (_, r, s) => {
    expect(recover(DIGEST, compact(r, s), 0)).toBeUndefined()
  })

  test('finds no key where it would be the point at infinity', () => {
    const digest = bigIntToBytes(9n, 32) // R = G and s = digest: the key is (sR - digest G) / r
    const { x, y } = BASE.toAffine()
    const parity = (y & 1n) === 0n ? 0 : 1
    expect(recover(digest, compact(x, 9n), parity)).toBeUndefined()
    expect(recover(digest, compact(x, 8n), parity)).toBeDefined()
  })

  test('takes a digest beyond the order modulo the order', () => {
    const { x } = BASE.toAffine()
    const beyond = recover(bigIntToBytes(CURVE_ORDER + 9n, 32), compact(x, 8n), 0)
    expect(beyond).toEqual(recover(bigIntToBytes(9n, 32), compact(x, 8n), 0))
  })
})

test.runIf(shipped)('both implementations agree on any bytes', () => {
  const word = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const edge = fc
    .constantFrom(1n, 2n, 5n, CURVE_ORDER >> 1n, CURVE_ORDER - 1n, CURVE_ORDER)
    .map((n) => bigIntToBytes(n, 32))
  const any = fc.oneof({ weight: 4, arbitrary: word }, edge)
  fc.assert(
    fc.property(word, any, any, fc.constantFrom(0 as const, 1 as const), (digest, r, s, parity) => {
      const signature = concatBytes(r, s)
      expect(recoverWithLibsecp256k1!(digest, signature, parity)).toEqual(recoverWithNoble(digest, signature, parity))
    }),
  )
})

test('the address is the end of the hash of the key', () => {
  const key = hexToBytes('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80') // a public test key
  const bytes = secp256k1.sign(DIGEST, key, { prehash: false, format: 'recovered' })
  const [r, s] = [bytesToBigInt(bytes.subarray(1, 33)), bytesToBigInt(bytes.subarray(33))]
  const address = recoverAddress(DIGEST, r, s, bytes[0] === 1 ? 1 : 0)
  expect(bytesToHex(address!)).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
  expect(recoverAddress(DIGEST, r, CURVE_ORDER, 0)).toBeUndefined()
  expect(recoverAddress(DIGEST, 2n ** 256n, s, 0)).toBeUndefined()
})

test.runIf(shipped)('both sign with the same bytes', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const keys = fc.bigInt({ min: 1n, max: CURVE_ORDER - 1n }).map((key) => bigIntToBytes(key, 32))
  fc.assert(
    fc.property(bytes, keys, (digest, key) => {
      expect(signWithLibsecp256k1!(digest, key)).toEqual(signWithNoble(digest, key))
    }),
  )
})

test.runIf(shipped).each([0n, CURVE_ORDER])('neither signs with the key %s', (key) => {
  for (const sign of [signWithNoble, signWithLibsecp256k1!])
    expect(() => sign(DIGEST, bigIntToBytes(key, 32))).toThrow()
})
