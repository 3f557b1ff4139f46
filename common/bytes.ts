import { hexToBytes as nobleToBytes } from '@noble/hashes/utils.js'
import { NodeError } from './errors.ts'

export class InvalidHexError extends NodeError {
  override readonly name = 'InvalidHexError'
}

/** Lower-case 0x-prefixed hex of the bytes; `0x` for none. */
export function bytesToHex(bytes: Uint8Array): `0x${string}` {
  return `0x${hexDigits(bytes)}`
}

/** Bytes of a 0x-prefixed hex string of even length, any case. @throws {InvalidHexError} */
export function hexToBytes(hex: string): Uint8Array {
  if (!hex.startsWith('0x'))
    throw new InvalidHexError('Hex must start with 0x.', { facts: { start: hex.slice(0, 12) } })
  try {
    return nobleToBytes(hex.slice(2))
  } catch (cause) {
    throw new InvalidHexError('Not a hex string of whole bytes.', {
      cause,
      facts: { start: hex.slice(0, 12), length: hex.length },
    })
  }
}

/** Big-endian unsigned integer; 0n for no bytes. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hexDigits(bytes)}`)
}

/** Big-endian, left-padded to `sizeBytes`. @throws {InvalidHexError} when the value is negative or too large. */
export function bigIntToBytes(value: bigint, sizeBytes: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * sizeBytes) !== 0n)
    throw new InvalidHexError('Integer does not fit.', { facts: { value, sizeBytes } })
  return nobleToBytes(value.toString(16).padStart(2 * sizeBytes, '0'))
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0
  for (const part of parts) sizeBytes += part.length
  const out = new Uint8Array(sizeBytes)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function hexDigits({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('hex')
}
