import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from '#common/bytes.ts'
import { KECCAK_OF_NOTHING, keccak256, keccakHex } from './keccak.ts'

test('hashes as Ethereum does', () => {
  expect(KECCAK_OF_NOTHING).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
  expect(keccakHex(new TextEncoder().encode('Transfer(address,address,uint256)'))).toBe(
    '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  )
})

test('agrees with another implementation at every length around the block size of 136 bytes, and far beyond', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7)
  for (const size of [...Array(420).keys(), 16_383, 16_384, 16_385, 120_000, 300_000])
    expect(keccak256(bytes.subarray(0, size)), `${size} bytes`).toEqual(keccak_256(bytes.subarray(0, size)))
})

test('agrees with another implementation on any view of a buffer', () => {
  const view = fc.tuple(fc.uint8Array({ maxLength: 500 }), fc.nat(64)).map(([bytes, offset]) => {
    return concatBytes(new Uint8Array(offset), bytes, new Uint8Array(3)).subarray(offset, offset + bytes.length)
  })
  fc.assert(
    fc.property(view, (bytes) => {
      expect(keccak256(bytes)).toEqual(keccak_256(bytes))
    }),
  )
})

test('a hash is not overwritten by the next', () => {
  const first = keccak256(Uint8Array.of(1))
  const copy = Uint8Array.from(first)
  keccak256(Uint8Array.of(2))
  expect(first).toEqual(copy)
})
