import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatTable, oneLine } from './textTable.ts'

test('columns are as wide as their widest cell', () => {
  const rows = [
    ['A', 'LONG', 'C'],
    ['aaa', 'b', ''],
  ]
  expect(formatTable(rows)).toEqual(['A    LONG  C', 'aaa  b'])
  expect(formatTable([])).toEqual([])
})

test.each([
  [-1, '0ms'],
  [0.8501, '850ms'],
  [1, '1s'],
  [59.9, '59s'],
  [60, '1m'],
  [7199, '1h'],
  [200_000, '2d'],
])('an age of %d seconds', (seconds, text) => expect(formatAge(seconds)).toBe(text))

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [20 * 2 ** 30, '20 GiB'],
  [3 * 2 ** 50, '3072 TiB'],
])('a size of %d bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test('text of anybody becomes one short line without control characters', () => {
  expect(oneLine('a\n\tb\u001b[31m c ')).toBe('a b [31m c')
  expect(oneLine('x'.repeat(200))).toBe(`${'x'.repeat(159)}…`)
})
