import { bytesToBigInt, concatBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'

export class RlpDecodeError extends NodeError {
  override readonly name = 'RlpDecodeError'
}

const SHORT_STRING = 0x80
const LONG_STRING = 0xb7
const SHORT_LIST = 0xc0
const LONG_LIST = 0xf7
/** Payloads up to this many bytes carry their length inside the header byte. */
const SHORT_PAYLOAD_MAX_BYTES = 55
/** Longest length field read: payloads below 16 MiB, the bound the zkEVM program sets as well. */
const LENGTH_FIELD_MAX_BYTES = 3
const EMPTY_STRING = Uint8Array.of(SHORT_STRING)

/** Minimal big-endian bytes; none for 0n. */
function integerBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('RLP has no negative integers')
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

function header(sizeBytes: number, shortBase: number): Uint8Array {
  if (sizeBytes <= SHORT_PAYLOAD_MAX_BYTES) return Uint8Array.of(shortBase + sizeBytes)
  const length = integerBytes(BigInt(sizeBytes))
  return concatBytes(Uint8Array.of(shortBase + SHORT_PAYLOAD_MAX_BYTES + length.length), length)
}

export function encodeRlpBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && bytes[0]! < SHORT_STRING) return bytes
  return concatBytes(header(bytes.length, SHORT_STRING), bytes)
}

/** @throws {RangeError} when negative */
export function encodeRlpInteger(value: bigint): Uint8Array {
  return value === 0n ? EMPTY_STRING : encodeRlpBytes(integerBytes(value))
}

/** Wraps items that are encoded already. */
export function encodeRlpList(encodedItems: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0
  for (const item of encodedItems) sizeBytes += item.length
  return concatBytes(header(sizeBytes, SHORT_LIST), ...encodedItems)
}

/**
 * Size of header and payload of the list at `offset`, read from the header alone: neither the form of the length nor
 * the payload is checked. @throws {RlpDecodeError} when no list starts there or the length field is cut off
 */
export function rlpListSizeBytes(bytes: Uint8Array, offset = 0): number {
  const first = bytes[offset]
  if (first === undefined || first < SHORT_LIST) throw new RlpDecodeError('Not an RLP list.', { facts: { offset } })
  if (first <= LONG_LIST) return 1 + first - SHORT_LIST
  const lengthEnd = offset + 1 + first - LONG_LIST
  if (lengthEnd > bytes.length) throw new RlpDecodeError('RLP length is cut off.', { facts: { offset } })
  return lengthEnd - offset + Number(bytesToBigInt(bytes.subarray(offset + 1, lengthEnd)))
}

/**
 * Reads the strings of one flat RLP list in order, accepting only the shortest encoding of each. `offset` is where the
 * next read starts, `end` where the list ends.
 */
export class RlpListReader {
  readonly #bytes: Uint8Array
  readonly end: number
  offset: number

  /** @throws {RlpDecodeError} when no list starts at `start` or it does not end inside the bytes */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes
    this.offset = start
    this.end = bytes.length
    const first = this.#byte()
    if (first < SHORT_LIST) throw this.#error('Not an RLP list.', start)
    const sizeBytes = first <= LONG_LIST ? first - SHORT_LIST : this.#longLength(first - LONG_LIST)
    if (sizeBytes > bytes.length - this.offset) throw this.#error('RLP list is cut off.', start)
    this.end = this.offset + sizeBytes
  }

  get isAtEnd(): boolean {
    return this.offset === this.end
  }

  /** A view of the string's bytes, not a copy. @throws {RlpDecodeError} */
  readBytes(): Uint8Array {
    const start = this.offset
    const first = this.#byte()
    if (first < SHORT_STRING) return this.#bytes.subarray(start, start + 1)
    if (first >= SHORT_LIST) throw this.#error('A list where a string must be.', start)
    const sizeBytes = first <= LONG_STRING ? first - SHORT_STRING : this.#longLength(first - LONG_STRING)
    if (sizeBytes > this.end - this.offset) throw this.#error('RLP string is cut off.', start)
    const string = this.#bytes.subarray(this.offset, this.offset + sizeBytes)
    if (sizeBytes === 1 && string[0]! < SHORT_STRING) throw this.#error('One small byte needs no header.', start)
    this.offset += sizeBytes
    return string
  }

  /**
   * @param zeroByte also read the single byte 0x00 as 0n, as the zkEVM program does and Ethereum does not
   * @throws {RlpDecodeError} when longer than `maxBytes` or not minimal
   */
  readInteger(maxBytes: number, { zeroByte = false } = {}): bigint {
    const start = this.offset
    const bytes = this.readBytes()
    if (bytes.length > maxBytes) throw this.#error('Integer is too large.', start)
    if (bytes[0] === 0 && !(zeroByte && bytes.length === 1))
      throw this.#error('Integer starts with a zero byte.', start)
    return bytesToBigInt(bytes)
  }

  #byte(): number {
    if (this.offset >= this.end) throw this.#error('RLP ends where an item must start.', this.offset)
    return this.#bytes[this.offset++]!
  }

  #longLength(fieldSizeBytes: number): number {
    const start = this.offset
    if (fieldSizeBytes > LENGTH_FIELD_MAX_BYTES) throw this.#error('RLP length is too large.', start)
    let length = 0
    for (let i = 0; i < fieldSizeBytes; i++) length = length * 256 + this.#byte()
    if (this.#bytes[start] === 0) throw this.#error('RLP length starts with a zero byte.', start)
    if (length <= SHORT_PAYLOAD_MAX_BYTES) throw this.#error('RLP length must be in the header byte.', start)
    return length
  }

  #error(shortMessage: string, offset: number): RlpDecodeError {
    return new RlpDecodeError(shortMessage, { facts: { offset } })
  }
}
