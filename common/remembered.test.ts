import { expect, test } from 'vitest'
import { remembered } from './remembered.ts'

test('an answer is given for its time, then asked for again', async () => {
  let [count, at] = [0, 1000]
  const ask = remembered(
    async () => ++count,
    100,
    () => at,
  )
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1])
  at = 1099
  expect(await ask()).toBe(1)
  at = 1100
  expect(await ask()).toBe(2)
})

test('a failure is not remembered', async () => {
  let isUp = false
  const ask = remembered(async () => {
    if (!isUp) throw new Error('down')
    return 'up'
  }, 1000)
  await expect(ask()).rejects.toThrow('down')
  isUp = true
  expect(await ask()).toBe('up')
})
