import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('each failure doubles the pause, up to a bound', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 5000].map((failures) => backoffMs(failures, { firstMs: 1000, mostMs: 30_000 }))
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})
