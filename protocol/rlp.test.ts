import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { hostileBytes } from './hostileBytes.fixture.ts'
import {
  encodeRlpBytes,
  encodeRlpInteger,
  encodeRlpList,
  RlpDecodeError,
  RlpListReader,
  rlpListSizeBytes,
} from './rlp.ts'

test.each([
  [0n, '0x80'],
  [1n, '0x01'],
  [0x7fn, '0x7f'],
  [0x80n, '0x8180'],
  [0x400n, '0x820400'],
])('integer %s', (value, encoded) => {
  expect(bytesToHex(encodeRlpInteger(value))).toBe(encoded)
})

test('a negative integer has no encoding', () => {
  expect(() => encodeRlpInteger(-1n)).toThrow(RangeError)
})

test.each([
  ['0x', '0x80'],
  ['0x00', '0x00'],
  ['0x80', '0x8180'],
  [`0x${'aa'.repeat(55)}`, `0xb7${'aa'.repeat(55)}`],
  [`0x${'aa'.repeat(56)}`, `0xb838${'aa'.repeat(56)}`],
  [`0x${'aa'.repeat(256)}`, `0xb90100${'aa'.repeat(256)}`],
])('bytes %s', (bytes, encoded) => {
  expect(bytesToHex(encodeRlpBytes(hexToBytes(bytes)))).toBe(encoded)
})

const item = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.integer({ min: 250, max: 260 }).map((sizeBytes) => new Uint8Array(sizeBytes)),
)
const encodedLists = fc.array(item, { maxLength: 8 }).map((items) => encodeRlpList(items.map(encodeRlpBytes)))

test('what is encoded is read', () => {
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const encoded = encodeRlpList(items.map(encodeRlpBytes))
      expect(rlpListSizeBytes(encoded)).toBe(encoded.length)
      const reader = new RlpListReader(encoded)
      for (const bytes of items) expect(reader.readBytes()).toEqual(bytes)
      expect(reader.isAtEnd).toBe(true)
      expect(() => reader.readBytes()).toThrow(RlpDecodeError)
    }),
  )
})

test('integers are read from their shortest form only', { timeout: 60_000 }, () => {
  const integer = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
  fc.assert(
    fc.property(fc.oneof(integer.map(encodeRlpInteger), hostileBytes(integer.map(encodeRlpInteger), 40)), (bytes) => {
      const list = encodeRlpList([bytes])
      const value = resultOf(() => {
        const reader = new RlpListReader(list)
        return { value: reader.readInteger(32), isWhole: reader.isAtEnd }
      })
      if (value?.isWhole) expect(bytesToHex(encodeRlpInteger(value.value))).toBe(bytesToHex(bytes))
    }),
    { numRuns: 1000 },
  )
})

test('any bytes are read or refused with one error, and what is read encodes to the same bytes', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(hostileBytes(encodedLists), fc.nat(20), (bytes, start) => {
      const read = resultOf(() => {
        const reader = new RlpListReader(bytes, start)
        const items: Uint8Array[] = []
        while (!reader.isAtEnd) items.push(reader.readBytes())
        return { items, end: reader.end }
      })
      const sizeBytes = resultOf(() => rlpListSizeBytes(bytes, start))
      if (read === undefined) return
      expect(sizeBytes).toBe(read.end - start)
      expect(encodeRlpList(read.items.map(encodeRlpBytes))).toEqual(bytes.subarray(start, read.end))
    }),
    { numRuns: 1000 },
  )
})

test('a length that claims more than there is costs nothing', () => {
  const claims = ['fa00ffff', 'faffffff', 'fbffffffff', `ff${'ff'.repeat(8)}`, 'c4baffffff', `c9bf${'ff'.repeat(8)}`]
  for (const claim of claims)
    expect(() => new RlpListReader(hexToBytes(`0x${claim}`)).readBytes()).toThrow(RlpDecodeError)
})

test('payloads end below 16 MiB', () => {
  const string = (sizeBytes: number) => encodeRlpBytes(new Uint8Array(sizeBytes))
  const largest = string(2 ** 24 - 6)
  expect(largest).toHaveLength(2 ** 24 - 2)
  expect(new RlpListReader(encodeRlpList([largest, Uint8Array.of(1)])).readBytes()).toHaveLength(2 ** 24 - 6)
  expect(() => new RlpListReader(encodeRlpList([largest, string(1), string(1)]))).toThrow('too large')
})

test('a small byte has one form', () => {
  expect(new RlpListReader(hexToBytes('0xc17f')).readBytes()).toEqual(Uint8Array.of(0x7f))
  expect(() => new RlpListReader(hexToBytes('0xc2817f')).readBytes()).toThrow('needs no header')
  expect(new RlpListReader(hexToBytes('0xc28180')).readBytes()).toEqual(Uint8Array.of(0x80))
})

function resultOf<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(RlpDecodeError)
    return undefined
  }
}

test('a string does not reach beyond its list', () => {
  expect(() => new RlpListReader(hexToBytes('0xc1820102')).readBytes()).toThrow(RlpDecodeError)
})

test.each(['0x', '0x80', '0xf9', '0xf901'])('%s has no list size', (hex) => {
  expect(() => rlpListSizeBytes(hexToBytes(hex))).toThrow(RlpDecodeError)
})
