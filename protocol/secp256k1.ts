import { createRequire } from 'node:module'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bigIntToBytes, concatBytes } from '#common/bytes.ts'
import { keccak256 } from './keccak.ts'

/** Number of points of the curve, which r and s are below. */
export const CURVE_ORDER = secp256k1.Point.Fn.ORDER

/** Uncompressed public key (65 bytes) of r and s (64 bytes), undefined where there is none. */
export type RecoverPublicKey = (digest: Uint8Array, signature: Uint8Array, yParity: 0 | 1) => Uint8Array | undefined

/**
 * r and s (64 bytes) over a 32-byte digest, with the low s. Deterministic (RFC 6979): the same digest gives the same
 * bytes. @throws when the key is not one of the curve
 */
export type SignDigest = (digest: Uint8Array, privateKey: Uint8Array) => { signature: Uint8Array; yParity: 0 | 1 }

/** In JavaScript: on every platform, about twenty times slower than the native one. */
export const recoverWithNoble: RecoverPublicKey = (digest, signature, yParity) => {
  try {
    const { r, s } = secp256k1.Signature.fromBytes(signature, 'compact')
    return new secp256k1.Signature(r, s, yParity).recoverPublicKey(digest).toBytes(false)
  } catch {
    return undefined // r or s is out of range, r is no point's abscissa, or the key is the point at infinity
  }
}

export const signWithNoble: SignDigest = (digest, privateKey) => {
  const bytes = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' })
  return { signature: bytes.subarray(1), yParity: parityOf(bytes[0]!) }
}

type Bindings = {
  ecdsaRecover(signature: Uint8Array, recoveryId: number, digest: Uint8Array, compressed: boolean): Uint8Array
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number }
}

/** libsecp256k1, from the binary the package `secp256k1` ships for this platform; undefined where it ships none. */
const bindings = loadLibsecp256k1()

export const recoverWithLibsecp256k1: RecoverPublicKey | undefined =
  bindings &&
  ((digest, signature, yParity) => {
    try {
      return bindings.ecdsaRecover(signature, yParity, digest, false)
    } catch {
      return undefined // as in recoverWithNoble
    }
  })

export const signWithLibsecp256k1: SignDigest | undefined =
  bindings &&
  ((digest, privateKey) => {
    const { signature, recid } = bindings.ecdsaSign(digest, privateKey)
    return { signature, yParity: parityOf(recid) }
  })

function loadLibsecp256k1(): Bindings | undefined {
  try {
    // Not the package's main module: without a binary, that one falls back to `elliptic` and says nothing.
    return createRequire(import.meta.url)('secp256k1/bindings.js') as Bindings
  } catch {
    return undefined
  }
}

/** The other bit of a recovery id tells whether r was above the order, which nobody will live to see. */
function parityOf(recoveryId: number): 0 | 1 {
  return (recoveryId & 1) as 0 | 1
}

export const signDigest: SignDigest = signWithLibsecp256k1 ?? signWithNoble

const recoverPublicKey = recoverWithLibsecp256k1 ?? recoverWithNoble

/**
 * The 20 bytes of the address whose key signed `digest` (32 bytes); undefined unless 0 < r < n, 0 < s < n, r is a
 * point's abscissa and the key is a point. A high s is accepted: whoever forbids it checks it.
 */
export function recoverAddress(digest: Uint8Array, r: bigint, s: bigint, yParity: 0 | 1): Uint8Array | undefined {
  if (r <= 0n || r >= CURVE_ORDER || s <= 0n || s >= CURVE_ORDER) return undefined
  const publicKey = recoverPublicKey(digest, concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32)), yParity)
  return publicKey === undefined ? undefined : keccak256(publicKey.subarray(1)).subarray(12)
}
