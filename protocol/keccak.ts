import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '#common/bytes.ts'
import type { Hash } from './primitives.ts'

/** Keccak-256 with the original padding, as Ethereum uses it. 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes)
}

/** Keccak-256 as lower-case hex. */
export function keccakHex(bytes: Uint8Array): Hash {
  return bytesToHex(keccak_256(bytes)) as Hash
}

/** Hash of no bytes: `batchL2DataHash` of an empty batch, code hash of an account without code in Ethereum. */
export const KECCAK_OF_NOTHING = keccakHex(new Uint8Array())
