import type { Brand } from '#common/brand.ts'
import { NodeError } from '#common/errors.ts'

export class InvalidValueError extends NodeError {
  override readonly name = 'InvalidValueError'
}

/** Lower-case, 0x-prefixed, even length. */
export type Hex = `0x${string}`
/** 32 bytes, lower case. */
export type Hash = Brand<Hex, 'Hash'>
/** 20 bytes, lower case (no checksum). */
export type Address = Brand<Hex, 'Address'>
/** Position in the chain of batches: uint64 on L1, a safe integer here. Batch 0 is genesis. */
export type BatchNumber = Brand<number, 'BatchNumber'>
/** Position in the chain of L2 blocks. Block 0 is genesis. */
export type BlockNumber = Brand<number, 'BlockNumber'>

/** @throws {InvalidValueError} */
export function Hash(value: string): Hash {
  if (!/^0x[0-9a-f]{64}$/i.test(value)) throw new InvalidValueError('Not a 32-byte hex string.', { facts: { value } })
  return value.toLowerCase() as Hash
}

/** Any case is read; checksums are not enforced. @throws {InvalidValueError} */
export function Address(value: string): Address {
  if (!/^0x[0-9a-f]{40}$/i.test(value)) throw new InvalidValueError('Not a 20-byte address.', { facts: { value } })
  return value.toLowerCase() as Address
}

/** @throws {InvalidValueError} */
export function BatchNumber(value: number | bigint): BatchNumber {
  return safeInteger(value, 'batch number') as BatchNumber
}

/** @throws {InvalidValueError} */
export function BlockNumber(value: number | bigint): BlockNumber {
  return safeInteger(value, 'block number') as BlockNumber
}

function safeInteger(value: number | bigint, what: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 0)
    throw new InvalidValueError(`Not a ${what}.`, { facts: { value: String(value) } })
  return number
}

/** 32 zero bytes: "none" for roots and hashes in the protocol. */
export const ZERO_HASH = `0x${'00'.repeat(32)}` as Hash
export const ZERO_ADDRESS = `0x${'00'.repeat(20)}` as Address
