import { SigningKey, Transaction } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bigIntToBytes, bytesToHex } from '#common/bytes.ts'
import { Address } from '#protocol/primitives.ts'
import { type FeeTransaction, signTransaction } from './signTransaction.ts'

const uint64 = fc.maxSafeNat()
const fee = fc.bigInt({ min: 0n, max: 2n ** 128n })
const transactions: fc.Arbitrary<FeeTransaction> = fc
  .record({
    ...{ chainId: fc.integer({ min: 1, max: 2 ** 31 }), nonce: uint64, gasLimit: uint64 },
    to: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Address(bytesToHex(bytes))),
    data: fc.uint8Array({ maxLength: 70_000, size: 'large' }),
    ...{ tip: fee, base: fee },
  })
  .map(({ tip, base, ...rest }) => ({ ...rest, maxPriorityFeePerGas: tip, maxFeePerGas: tip + base }))
const keys = fc.bigInt({ min: 1n, max: 2n ** 255n }).map((key) => bigIntToBytes(key, 32))

test('bytes and hash are those of ethers', () => {
  fc.assert(
    fc.property(transactions, keys, (fields, key) => {
      const theirs = Transaction.from({ ...fields, type: 2, data: bytesToHex(fields.data) })
      theirs.signature = new SigningKey(key).sign(theirs.unsignedHash)
      expect(signTransaction(fields, key)).toEqual({ hash: theirs.hash, raw: theirs.serialized })
    }),
  )
})

test('legacy bytes are those of ethers too', () => {
  fc.assert(
    fc.property(transactions, keys, ({ maxFeePerGas, chainId, nonce, gasLimit, to, data }, key) => {
      const common = { chainId, nonce, gasLimit, to }
      const theirs = Transaction.from({ ...common, type: 0, gasPrice: maxFeePerGas, data: bytesToHex(data) })
      theirs.signature = new SigningKey(key).sign(theirs.unsignedHash)
      const ours = { ...common, data, maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas, legacy: true as const }
      expect(signTransaction(ours, key)).toEqual({ hash: theirs.hash, raw: theirs.serialized })
    }),
  )
})
