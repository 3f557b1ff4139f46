import { expect, test } from 'vitest'
import { stallCheck } from './stallCheck.ts'

test('a sequencer stalls when what is ready sees no block for a minute', () => {
  let progress = { block: 5, ready: 3 }
  let at = 0
  const check = stallCheck(() => progress, { limitMs: 60_000, now: () => at })
  const okAt = (ms: number) => {
    at = ms
    return check().ok
  }
  expect([okAt(0), okAt(1000), okAt(60_999)]).toEqual([true, true, true])
  at = 61_000
  expect(check()).toEqual({ ok: false, block: 5, ready: 3, error: 'transactions that could run see no block' })
  progress = { block: 6, ready: 3 }
  expect([okAt(62_000), okAt(63_000), okAt(122_000)]).toEqual([true, true, true])
  progress = { block: 6, ready: 0 }
  expect(okAt(130_000)).toBe(true)
  progress = { block: 6, ready: 1 }
  expect([okAt(131_000), okAt(190_000), okAt(191_000)]).toEqual([true, true, false])
})
