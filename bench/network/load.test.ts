import { expect, test } from 'vitest'
import { serialize } from './load.ts'

const idsOf = (body: Buffer) => {
  const calls = JSON.parse(body.toString()) as { method: string; params: string[] }[]
  expect(calls.every(({ method }) => method === 'eth_sendRawTransaction')).toBe(true)
  return calls.map(({ params }) => Number(params[0]))
}

test('each sender has its transactions in order, a hundred in a request', () => {
  const raw = Array.from({ length: 303 }, (_, index) => Uint8Array.of(index >> 8, index & 0xff))
  const bodies = serialize(raw, 2).map((requests) => requests.map(idsOf))
  expect(bodies.map((requests) => requests.map(({ length }) => length))).toEqual([
    [100, 52],
    [100, 51],
  ])
  expect(bodies[0]!.flat()).toEqual(Array.from({ length: 152 }, (_, index) => index * 2))
  expect(bodies[1]!.flat()).toEqual(Array.from({ length: 151 }, (_, index) => index * 2 + 1))
})
