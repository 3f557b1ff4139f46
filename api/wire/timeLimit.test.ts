import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withTimeLimit } from './timeLimit.ts'

const LONG_MS = 60_000
const never = () => new Promise(() => {})

test('the time is over: -32002, and the signal is aborted', async () => {
  let signal: AbortSignal | undefined
  const work = withTimeLimit(1, undefined, (given) => {
    signal = given
    return never()
  })
  await expect(work).rejects.toMatchObject({ code: -32002, shortMessage: 'request timed out' })
  expect(signal?.aborted).toBe(true)
})

test('the outer signal is passed on, with its reason, and holds nothing afterwards', async () => {
  const outer = new AbortController()
  const reason = new Error('the client is gone')
  const work = withTimeLimit(LONG_MS, outer.signal, async (signal) => {
    outer.abort(reason)
    return signal.reason
  })
  expect(await work).toBe(reason)
  expect(getEventListeners(outer.signal, 'abort')).toEqual([])
  expect(await withTimeLimit(LONG_MS, outer.signal, (signal) => signal.aborted)).toBe(true)
})

test('what the work throws comes through', async () => {
  await expect(withTimeLimit(LONG_MS, undefined, async () => Promise.reject(new Error('own')))).rejects.toThrow('own')
})
