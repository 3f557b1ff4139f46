import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bigIntToBytes, bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import type { Address, Hex } from '#protocol/primitives.ts'

/** A key that signs attestations. The secret never leaves the closure. */
export type Attester = {
  address: Address
  /** EIP-2098 compact signature of a 32-byte digest, 64 bytes. Deterministic: the same digest gives the same bytes. */
  sign(digest: Uint8Array): Hex
}

const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n
const Y_PARITY = 1n << 255n

/** @throws when the key is not a valid secp256k1 key */
export function createAttester(privateKey: Hex): Attester {
  const secretKey = hexToBytes(privateKey)
  const address = addressOfPoint(secp256k1.getPublicKey(secretKey, false))
  return {
    address,
    sign(digest) {
      const bytes = secp256k1.sign(digest, secretKey, { prehash: false, lowS: true, format: 'recovered' })
      const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
      const parity = recovery! & 1 ? Y_PARITY : 0n
      return bytesToHex(concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s | parity, 32)))
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
  try {
    const point = new secp256k1.Signature(r, s, yParityAndS >= Y_PARITY ? 1 : 0).recoverPublicKey(digest)
    return addressOfPoint(point.toBytes(false))
  } catch {
    return undefined // r or s out of range, or r is no x coordinate
  }
}

function addressOfPoint(uncompressed: Uint8Array): Address {
  return bytesToHex(keccak256(uncompressed.subarray(1)).subarray(12)) as Address
}
