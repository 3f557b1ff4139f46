import { expect, test } from 'vitest'
import { TokenBuckets } from './tokenBuckets.ts'

let now = 0
const allowance = { perSecond: 10, burst: 20 }

test('a burst at once, then as fast as the account fills', () => {
  const buckets = new TokenBuckets(() => now)
  expect(buckets.spend('a', 20, allowance)).toBe(0)
  expect(buckets.spend('a', 5, allowance)).toBe(0.5)
  expect(buckets.spend('b', 5, allowance)).toBe(0)
  now += 500
  expect(buckets.spend('a', 5, allowance)).toBe(0)
  now += 60_000
  expect(buckets.spend('a', 21, allowance)).toBe(0)
  expect(buckets.spend('a', 1, allowance)).toBeCloseTo(0.2)
})

test('what was refused costs nothing', () => {
  const buckets = new TokenBuckets(() => now)
  buckets.spend('a', 15, allowance)
  expect(buckets.spend('a', 10, allowance)).toBe(0.5)
  expect(buckets.spend('a', 5, allowance)).toBe(0)
})

test('a cost above the burst passes a full account and leaves a debt', () => {
  const buckets = new TokenBuckets(() => now)
  expect(buckets.spend('a', 200, allowance)).toBe(0)
  expect(buckets.spend('a', 1, allowance)).toBeCloseTo(18.1)
})

test('accounts that rest are forgotten when there are many', () => {
  const buckets = new TokenBuckets(() => now)
  for (let account = 0; account < 10_000; account += 1) buckets.spend(String(account), 1, allowance)
  now += 60_001
  buckets.spend('new', 1, allowance)
  expect(buckets.size).toBe(1)
})
