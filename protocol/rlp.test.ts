import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
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

test('what is encoded is read', () => {
  const item = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ minLength: 250, maxLength: 260 }))
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

test('a string does not reach beyond its list', () => {
  expect(() => new RlpListReader(hexToBytes('0xc1820102')).readBytes()).toThrow(RlpDecodeError)
})

test.each(['0x', '0x80', '0xf9', '0xf901'])('%s has no list size', (hex) => {
  expect(() => rlpListSizeBytes(hexToBytes(hex))).toThrow(RlpDecodeError)
})
