import { sha256 } from '@noble/hashes/sha2.js'
import { bigIntToBytes, bytesToBigInt, concatBytes, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { Address, Hash } from './primitives.ts'

/** The contracts refuse such a state root (`NewStateRootNotInsidePrime`). */
export class InvalidStateRootError extends NodeError {
  override readonly name = 'InvalidStateRootError'
}

/** Scalar field of BN254, over which the verifier on L1 works. */
export const BN254_SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
/** Field of the state tree: 2^64 - 2^32 + 1. */
export const GOLDILOCKS_PRIME = 0xffffffff00000001n

/** What one verification on L1 claims: the batches after `initNumBatch` up to `finalNewBatch`. */
export type SnarkInput = {
  /** Sender of the verifying call. */
  aggregator: Address
  oldStateRoot: Hash
  oldAccInputHash: Hash
  /** Last batch before the proof. */
  initNumBatch: number | bigint
  chainId: number | bigint
  forkId: number | bigint
  newStateRoot: Hash
  newAccInputHash: Hash
  newLocalExitRoot: Hash
  finalNewBatch: number | bigint
}

/** Whether the root is four Goldilocks elements, as every root of a state tree is. */
export function isGoldilocksRoot(root: Hash): boolean {
  const bytes = hexToBytes(root)
  return [0, 8, 16, 24].every((offset) => bytesToBigInt(bytes.subarray(offset, offset + 8)) < GOLDILOCKS_PRIME)
}

/** 212 bytes. Source: PolygonRollupManager, getInputSnarkBytes. @throws {InvalidStateRootError} */
export function encodeSnarkInput(input: SnarkInput): Uint8Array {
  for (const root of [input.oldStateRoot, input.newStateRoot])
    if (!isGoldilocksRoot(root)) throw new InvalidStateRootError('Not a root of a state tree.', { facts: { root } })
  return concatBytes(
    hexToBytes(input.aggregator),
    hexToBytes(input.oldStateRoot),
    hexToBytes(input.oldAccInputHash),
    bigIntToBytes(BigInt(input.initNumBatch), 8),
    bigIntToBytes(BigInt(input.chainId), 8),
    bigIntToBytes(BigInt(input.forkId), 8),
    hexToBytes(input.newStateRoot),
    hexToBytes(input.newAccInputHash),
    hexToBytes(input.newLocalExitRoot),
    bigIntToBytes(BigInt(input.finalNewBatch), 8),
  )
}

/** The single public signal of the proof: sha256 of the encoded input, as an element of the verifier's field. */
export function inputSnark(encoded: Uint8Array): bigint {
  return bytesToBigInt(sha256(encoded)) % BN254_SCALAR_FIELD
}
