import { createKeccak } from 'hash-wasm'
import { bytesToHex } from '#common/bytes.ts'
import type { Hash } from './primitives.ts'

/** WebAssembly: a seventh of the time of JavaScript, which has no 64-bit words. One for all, as hashing is synchronous. */
const hasher = await createKeccak(256)

/** Keccak-256 with the original padding, as Ethereum uses it. 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary')
}

/** Keccak-256 as lower-case hex. */
export function keccakHex(bytes: Uint8Array): Hash {
  return bytesToHex(keccak256(bytes)) as Hash
}

/** Hash of no bytes: `batchL2DataHash` of an empty batch, code hash of an account without code in Ethereum. */
export const KECCAK_OF_NOTHING = keccakHex(new Uint8Array())
