import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Address } from '#protocol/primitives.ts'
import { createEtherman } from './client.ts'
import { L1RpcError, L1UnavailableError, RangeRefusedError } from './errors.ts'
import { createL1Rpc } from './rpc.ts'

let server: Server
let rpcUrl: string
/** What the endpoint does next; undefined lets a request hang. */
let answer: HttpAnswer | undefined
type HttpAnswer = { status?: number; body: string; headers?: Record<string, string> }
/** The endpoint has the blocks it is asked for. */
const [number, hash] = ['0x1', `0x${'01'.repeat(32)}`]
const BLOCK: HttpAnswer = { body: JSON.stringify({ result: { number, hash, parentHash: hash, timestamp: '0x1' } }) }

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { method } = JSON.parse((await request.toArray()).join('')) as { method: string }
    const given = method === 'eth_getBlockByNumber' ? BLOCK : answer
    if (given === undefined) return
    response.statusCode = given.status ?? 200
    for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value)
    response.end(given.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  rpcUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  answer = undefined
})

const errorOf = (code: number, extra: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'no', ...extra } })
const refusal = (code: number, message: string) => ({ body: JSON.stringify({ error: { code, message } }) })
const call = (requestTimeoutMs = 1000) => createL1Rpc({ rpcUrl, requestTimeoutMs }).call('eth_blockNumber', [])
const readEvents = (toBlock: number) => {
  const address = Address(`0x${'01'.repeat(20)}`)
  const contracts = { rollup: address, rollupManager: address, globalExitRoot: address, pol: address }
  const etherman = createEtherman({ rpcUrl, contracts, rollupId: 1, requestTimeoutMs: 200 })
  return etherman.readEvents({ fromBlock: 1, toBlock })
}

test('gives the result, null included', async () => {
  answer = { body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: null }) }
  expect(await call()).toBeNull()
})

test.each([
  ['a page of a proxy', { status: 502, body: '<html>' }],
  ['a rate limit', { status: 429, body: errorOf(-32005) }],
  ['a rate limit in the body', { body: errorOf(429) }],
  ['a rate limit in words', refusal(-32000, 'Your app has exceeded its compute units per second capacity')],
  ['an endpoint that says when it is back', { status: 503, body: '', headers: { 'retry-after': '2' } }],
  ['JSON that is no answer', { body: 'null' }],
])('takes %s as L1 being away', async (_, given) => {
  answer = given
  await expect(call()).rejects.toThrow(L1UnavailableError)
})

test.each([
  [{ data: '0x11e7be15' }, '0x11e7be15'],
  [{ data: 'Reverted 0x11e7be15' }, '0x11e7be15'],
  [{ data: { data: '0x11e7be15' } }, '0x11e7be15'],
  [{ data: 'none' }, undefined],
  [{}, undefined],
])('finds revert data in %j, whatever the HTTP status', async (extra, data) => {
  answer = { status: 400, body: errorOf(3, extra) }
  const failure = await call().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(L1RpcError)
  expect(failure).toMatchObject({ code: 3, data })
})

test('an error of null is none', async () => {
  answer = { body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x1', error: null }) }
  expect(await call()).toBe('0x1')
})

test('any answer is a result or an error of ours', { timeout: 60_000 }, async () => {
  const value = fc.jsonValue({ maxDepth: 2 })
  const shaped = fc.record(
    {
      result: value,
      error: fc.oneof(
        value,
        fc.record({ code: fc.integer(), message: fc.string(), data: value }, { requiredKeys: [] }),
      ),
    },
    { requiredKeys: [] },
  )
  const deep = `{"error":{"code":3,"message":"no","data":${'{"data":'.repeat(50_000)}1${'}'.repeat(50_000)}}}`
  const long = errorOf(3, { data: `0x${'ab'.repeat(6_000_000)}a` })
  const check = async (body: string) => {
    answer = { body }
    const failure = await call(10_000).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(failure instanceof L1RpcError) && failure !== undefined) expect(failure).toBeInstanceOf(L1UnavailableError)
  }
  for (const body of [deep, long]) await check(body)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(shaped, value).map((one) => JSON.stringify(one)),
      check,
    ),
    { numRuns: 200 },
  )
})

test('does not wait longer than allowed', async () => {
  await expect(call(50)).rejects.toMatchObject({ name: 'L1UnavailableError', timedOut: true })
})

test('closing ends what is under way and refuses what comes later', async () => {
  const rpc = createL1Rpc({ rpcUrl, requestTimeoutMs: 60_000 })
  const hanging = rpc.call('eth_blockNumber', [])
  setTimeout(() => rpc.close(), 20)
  await expect(hanging).rejects.toMatchObject({ name: 'L1UnavailableError', timedOut: false })
  await expect(rpc.call('eth_blockNumber', [])).rejects.toThrow(L1UnavailableError)
})

test.each<[string, HttpAnswer | undefined]>([
  ['no word', undefined],
  ['a code of its own', { body: errorOf(-32602) }],
  ['too many results', refusal(-32005, 'query returned more than 10000 results')],
  ['a limit of blocks', refusal(-32600, 'You can make eth_getLogs requests with up to a 10 block range.')],
  ['another limit of blocks', refusal(-32000, 'exceed maximum block range: 5000')],
  ['a limit of the answer', refusal(-32008, 'Response size is larger than 150MB limit.')],
  ['a timeout in the body', refusal(-32000, 'query timeout exceeded')],
  ['HTTP 400', { status: 400, ...refusal(-32614, 'eth_getLogs is limited to a 10,000 range') }],
  ['HTTP 413', { status: 413, body: '<html>Payload Too Large' }],
  ['a timeout of its gateway', { status: 504, body: '<html>Gateway Time-out' }],
  ['a timeout of its cache', { status: 524, body: '' }],
  ['a broken answer', { headers: { 'content-length': '1000' }, body: '{"result":[' }],
])('a search of many blocks that is refused with %s asks for fewer', async (_, given) => {
  answer = given
  await expect(readEvents(1000)).rejects.toThrow(RangeRefusedError)
})

test('takes up what the endpoint would search', async () => {
  answer = refusal(-32005, 'Log response size exceeded. … this block range should work: [0x1, 0x3e7]')
  await expect(readEvents(1000)).rejects.toMatchObject({ name: 'RangeRefusedError', allowedBlocks: 999 })
})

test('a single block cannot be made smaller', async () => {
  answer = { body: errorOf(-32602) }
  await expect(readEvents(1)).rejects.toThrow(L1RpcError)
  answer = { status: 429, body: '' }
  await expect(readEvents(1000)).rejects.toThrow(L1UnavailableError)
})
