import fc from 'fast-check'
import { bytesToHex } from '#common/bytes.ts'
import type { Address } from './primitives.ts'
import type { Transaction } from './transaction.ts'

const uint = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n })
/** Made at once: an arbitrary for each of many bytes is slow. */
const longData = fc
  .tuple(fc.integer({ min: 250, max: 600 }), fc.nat(255))
  .map(([sizeBytes, byte]) => new Uint8Array(sizeBytes).fill(byte))
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytesToHex(bytes) as Address)

/** Any transaction both codecs can carry; the signatures belong to nobody. */
export const transactions: fc.Arbitrary<Transaction> = fc.record({
  nonce: uint(64n),
  gasPrice: uint(256n),
  gasLimit: uint(64n),
  to: fc.option(address, { nil: undefined }),
  value: uint(256n),
  data: fc.oneof(fc.uint8Array({ maxLength: 70 }), longData),
  chainId: fc.option(uint(64n), { nil: undefined }),
  r: uint(256n),
  s: uint(256n),
  v: fc.constantFrom(27, 28),
})
