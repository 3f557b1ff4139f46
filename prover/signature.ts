import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToBigInt, bytesToHex, hexToBytes } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { CURVE_ORDER, recoverAddress, signDigest } from '#protocol/secp256k1.ts'

/** A key that signs attestations. The secret never leaves the closure. */
export type Attester = {
  address: Address
  /** EIP-2098 compact signature of a 32-byte digest, 64 bytes. Deterministic: the same digest gives the same bytes. */
  sign(digest: Uint8Array): Hex
}

const HALF_ORDER = CURVE_ORDER >> 1n
const Y_PARITY = 1n << 255n

/** @throws when the key is not a valid secp256k1 key */
export function createAttester(privateKey: Hex): Attester {
  const secretKey = hexToBytes(privateKey)
  const publicKey = secp256k1.getPublicKey(secretKey, false)
  const address = bytesToHex(keccak256(publicKey.subarray(1)).subarray(12)) as Address
  return {
    address,
    sign(digest) {
      const { signature, yParity } = signDigest(digest, secretKey)
      const compact = signature.slice()
      compact[32]! |= yParity << 7
      return bytesToHex(compact)
    },
  }
}

/** Who signed, or undefined when the signature is invalid for any digest (range, high s, no such point). */
export function recoverSigner(digest: Uint8Array, signature: Hex): Address | undefined {
  const bytes = hexToBytes(signature)
  if (bytes.length !== 64) return undefined
  const r = bytesToBigInt(bytes.subarray(0, 32))
  const yParityAndS = bytesToBigInt(bytes.subarray(32))
  const s = yParityAndS & (Y_PARITY - 1n)
  if (s > HALF_ORDER) return undefined
  const address = recoverAddress(digest, r, s, yParityAndS >= Y_PARITY ? 1 : 0)
  return address && (bytesToHex(address) as Address)
}
