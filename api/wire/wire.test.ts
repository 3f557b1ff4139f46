import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { method, type RequestContext } from '../method.ts'
import { optional, stringParam } from '../params.ts'
import * as schema from '../schemas.ts'
import { startTestWire, type TestWire } from '../tests/testWire.ts'

const LONG = 'x'.repeat(5000)
let signals: (AbortSignal | undefined)[] = []
let seen: RequestContext | undefined
let finish: () => void = () => {}

const methods = [
  method({
    ...{ name: 'eth_chainId', summary: 'A number', cost: 1, params: [], result: schema.quantity },
    handle: (_, context) => {
      seen = context
      return '0x1'
    },
  }),
  method({
    ...{ name: 'eth_echo', summary: 'Its argument', cost: 10, result: schema.text },
    params: [optional(stringParam('text'))],
    handle: ([given]) => given ?? LONG,
  }),
  method({
    ...{ name: 'eth_wait', summary: 'Waits until it is told', cost: 2, params: [], result: schema.text },
    handle: async (_, context) => {
      signals.push(context.signal)
      await new Promise<void>((resolve) => {
        finish = resolve
        context.signal?.addEventListener('abort', () => resolve())
      })
      return 'done'
    },
  }),
  method({
    ...{ name: 'eth_late', summary: 'Never ends', cost: 2, params: [], result: schema.text, timeoutMs: 20 },
    handle: async (_, context) => {
      signals.push(context.signal)
      await new Promise(() => {})
    },
  }),
  method({
    ...{ name: 'eth_slowEcho', summary: 'Its argument, later', cost: 2, result: schema.text },
    params: [stringParam('text')],
    handle: async ([given]) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return given
    },
  }),
  method({
    ...{ name: 'debug_trace', summary: 'Not for everybody', cost: 200, params: [], result: schema.text },
    handle: () => 'trace',
  }),
]

let wire: TestWire
afterEach(async () => {
  signals = []
  await wire.wire.close()
})

const message = (name: string, ...params: unknown[]) => JSON.stringify({ jsonrpc: '2.0', id: 7, method: name, params })
const JSON_TYPE = { 'content-type': 'application/json' }
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = '/') =>
  fetch(`${wire.url}${path}`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })

/** By node:http, which leaves bodies compressed and takes any header. */
async function postRaw(body: string, headers: Record<string, string>) {
  const outgoing = httpRequest(wire.url, { method: 'POST', headers: { ...JSON_TYPE, ...headers } })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  const parts: Buffer[] = await response.toArray()
  return { status: response.statusCode as number, headers: response.headers, body: Buffer.concat(parts) }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isTrue(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(isTrue()).toBe(true)
}

describe('requests', () => {
  test.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/json-rpc'],
    ['application/jsonrequest'],
  ])('%s is read', async (type) => {
    wire = await startTestWire(methods)
    const response = await post(message('eth_chainId'), { 'content-type': type })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 7, result: '0x1' })
  })

  test('other types and encodings are refused with 415, other places with 404', async () => {
    wire = await startTestWire(methods)
    const refused = {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: expect.stringContaining('invalid request: ') },
    }
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-encoding': 'deflate' },
      { 'content-encoding': 'gzip' },
    ]) {
      const response = await post(message('eth_chainId'), headers as Record<string, string>)
      expect(response.status).toBe(415)
      expect(await response.json()).toEqual(refused)
    }
    const elsewhere = await post(message('eth_chainId'), {}, '/rpc')
    expect(elsewhere.status).toBe(404)
    expect(await elsewhere.json()).toEqual(refused)
  })

  test('bodies are counted with and without a length, compressed and not', async () => {
    wire = await startTestWire(methods, { rpc: { maxBodyBytes: 2000 } })
    const small = gzipSync(message('eth_echo', 'a'))
    expect(await (await post(new Uint8Array(small), { 'content-encoding': 'gzip' })).json()).toMatchObject({
      result: 'a',
    })
    const bomb = new Uint8Array(gzipSync(message('eth_echo', 'a'.repeat(100_000))))
    expect(bomb.length).toBeLessThan(2000)
    const refused = [
      await post(bomb, { 'content-encoding': 'gzip' }),
      await post(message('eth_echo', 'a'.repeat(2000))),
      await fetch(wire.url, {
        ...{ method: 'POST', headers: JSON_TYPE, duplex: 'half' },
        body: new Blob([message('eth_echo', 'a'.repeat(2000))]).stream(),
      }),
    ]
    for (const response of refused) {
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ id: null, error: { message: 'invalid request: body too large' } })
    }
  })

  test('what is no HTTP gets a JSON-RPC error too', async () => {
    wire = await startTestWire(methods)
    const socket = connect(wire.wire.port, '127.0.0.1')
    socket.end('NONSENSE\r\n\r\n')
    const answer = Buffer.concat(await socket.toArray()).toString()
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ id: null, error: { code: -32600 } })
  })

  test('only hosts that are known are answered, and addresses', async () => {
    wire = await startTestWire(methods, { rpc: { vhosts: ['node.example'] } })
    const statusFor = async (host: string) => (await postRaw(message('eth_chainId'), { host })).status
    expect(await statusFor('node.example:8123')).toBe(200)
    expect(await statusFor('127.0.0.1:8123')).toBe(200)
    expect(await statusFor('[::1]:8123')).toBe(200)
    expect(await statusFor('evil.example')).toBe(403)
  })
})

describe('answers', () => {
  test.each([
    ['gzip, deflate, br', 'gzip', gunzipSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip;q=0.5, br;q=0.8', 'br', brotliDecompressSync],
    ['*', 'gzip', gunzipSync],
  ])('long ones are compressed for %s', async (accepted, encoding, decompress) => {
    wire = await startTestWire(methods)
    const { headers, body } = await postRaw(message('eth_echo'), { 'accept-encoding': accepted })
    expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' })
    expect(JSON.parse(decompress(body).toString())).toEqual({ jsonrpc: '2.0', id: 7, result: LONG })
  })

  test('short ones are not, nor what nobody asked for', async () => {
    wire = await startTestWire(methods)
    const encodingOf = async (body: string, headers: Record<string, string>) =>
      (await postRaw(body, headers)).headers['content-encoding']
    expect(await encodingOf(message('eth_chainId'), { 'accept-encoding': 'gzip' })).toBeUndefined()
    expect(await encodingOf(message('eth_echo'), {})).toBeUndefined()
    expect(await encodingOf(message('eth_echo'), { 'accept-encoding': 'gzip;q=0, identity' })).toBeUndefined()
  })

  test('pages of listed origins may read them', async () => {
    wire = await startTestWire(methods, { rpc: { cors: { origins: ['https://a.example'] } } })
    const allowed = async (origin: string) =>
      (await post(message('eth_chainId'), { origin })).headers.get('access-control-allow-origin')
    expect(await allowed('https://a.example')).toBe('https://a.example')
    expect(await allowed('https://b.example')).toBeNull()
    const preflight = await fetch(wire.url, { method: 'OPTIONS', headers: { origin: 'https://a.example' } })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-methods': 'POST, GET, OPTIONS',
      'access-control-allow-headers': 'content-type, authorization, x-api-key',
      'access-control-max-age': '600',
    })
  })
})

describe('rates', () => {
  test('over the limit: 429, Retry-After, -32005; in a batch for the members over it alone', async () => {
    wire = await startTestWire(methods, { rpc: { rateLimit: { perIp: 0.001, burst: 25 } } })
    const batch = JSON.stringify([
      JSON.parse(message('eth_echo', 'a')),
      JSON.parse(message('eth_echo', 'b')),
      JSON.parse(message('eth_echo', 'c')),
    ])
    const limited = { code: -32005, message: 'rate limit exceeded', data: { retryAfter: expect.any(Number) } }
    const first = await post(batch)
    expect(first.status).toBe(200)
    expect(await first.json()).toEqual([
      { jsonrpc: '2.0', id: 7, result: 'a' },
      { jsonrpc: '2.0', id: 7, result: 'b' },
      { jsonrpc: '2.0', id: 7, error: limited },
    ])
    const second = await post(message('eth_echo', 'd'))
    expect(second.status).toBe(429)
    const refusal = (await second.json()) as { error: { data: { retryAfter: number } } }
    expect(refusal).toEqual({ jsonrpc: '2.0', id: null, error: limited })
    // 5 are left of 25: the other 5 take 5000 seconds at this rate.
    expect(refusal.error.data.retryAfter).toBeGreaterThan(4900)
    expect(refusal.error.data.retryAfter).toBeLessThanOrEqual(5000)
    expect(second.headers.get('retry-after')).toBe(String(refusal.error.data.retryAfter))
    expect((await post(message('eth_chainId'))).status).toBe(200)
    expect(await wire.registry.metrics()).toContain('rpc_rate_limited_total 2\n')
  })

  test('malformed messages count as well', async () => {
    wire = await startTestWire(methods, { rpc: { rateLimit: { perIp: 0.001, burst: 2 } } })
    const statuses = []
    for (const body of ['{', '[]', '{']) statuses.push((await post(body)).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  test('behind a trusted proxy each client has its own', async () => {
    const rpc = { trustedProxies: ['127.0.0.0/8'], rateLimit: { perIp: 0.001, burst: 1 } }
    wire = await startTestWire(methods, { rpc })
    const statusOf = async (from: string) => (await post(message('eth_chainId'), { 'x-forwarded-for': from })).status
    expect(await statusOf('9.9.9.9, 1.1.1.1')).toBe(200)
    expect(seen?.ip).toBe('1.1.1.1')
    expect(await statusOf('8.8.8.8, 1.1.1.1')).toBe(429)
    expect(await statusOf('2.2.2.2')).toBe(200)
  })

  test('X-Forwarded-For of others is not believed', async () => {
    wire = await startTestWire(methods, { rpc: { rateLimit: { perIp: 0.001, burst: 1 } } })
    const statusOf = async (from: string) => (await post(message('eth_chainId'), { 'x-forwarded-for': from })).status
    expect(await statusOf('1.1.1.1')).toBe(200)
    expect(await statusOf('2.2.2.2')).toBe(429)
  })
})

describe('API keys', () => {
  const keys = {
    zk_all: { id: 'key_1', namespaces: undefined, ratePerSecond: undefined },
    zk_eth: { id: 'key_2', namespaces: new Set(['eth']), ratePerSecond: 0.001 },
  }
  const namespaces = ['eth', 'debug']

  test('required: by header, bearer or path, else 401', async () => {
    wire = await startTestWire(methods, { keys, rpc: { keys: 'required' } })
    const body = message('eth_chainId')
    expect((await post(body, { 'x-api-key': 'zk_all' })).status).toBe(200)
    expect((await post(body, { authorization: 'Bearer zk_all' })).status).toBe(200)
    expect((await post(body, {}, '/v1/zk_all')).status).toBe(200)
    for (const response of [
      await post(body),
      await post(body, { 'x-api-key': 'nope' }),
      await post(body, {}, '/v1/nope'),
    ]) {
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ id: null, error: { code: -32600 } })
    }
  })

  test('a key opens its namespaces only, with the text of an unknown method', async () => {
    wire = await startTestWire(methods, { keys, rpc: { keys: 'optional', namespaces } })
    const trace = async (headers = {}) => await (await post(message('debug_trace'), headers)).json()
    expect(await trace({ 'x-api-key': 'zk_all' })).toMatchObject({ result: 'trace' })
    expect(await trace()).toMatchObject({ result: 'trace' })
    expect(await trace({ 'x-api-key': 'zk_eth' })).toMatchObject({
      error: { code: -32601, message: 'the method debug_trace does not exist/is not available' },
    })
  })

  test('a key has its own rate', async () => {
    wire = await startTestWire(methods, { keys, rpc: { keys: 'optional', rateLimit: { perIp: 0.001, burst: 2 } } })
    const statuses = async (headers: Record<string, string>) =>
      [
        await post(message('eth_wait2'), headers),
        await post(message('eth_wait2'), headers),
        await post(message('eth_wait2'), headers),
      ].map(({ status }) => status)
    expect(await statuses({ 'x-api-key': 'zk_eth' })).toEqual([200, 200, 429])
    expect(await statuses({})).toEqual([200, 200, 429])
    expect(await statuses({ 'x-api-key': 'zk_all' })).toEqual([200, 200, 200])
  })
})

describe('the end of work', () => {
  test('a client that goes away aborts its request', async () => {
    wire = await startTestWire(methods)
    const leave = new AbortController()
    const gone = fetch(wire.url, {
      method: 'POST',
      headers: JSON_TYPE,
      body: message('eth_wait'),
      signal: leave.signal,
    })
    await until(() => signals.length === 1)
    expect(signals[0]?.aborted).toBe(false)
    leave.abort()
    await expect(gone).rejects.toThrow()
    await until(() => signals[0]?.aborted === true)
  })

  test('an answer that was given aborts nothing', async () => {
    wire = await startTestWire(methods)
    const answer = post(message('eth_wait'))
    await until(() => signals.length === 1)
    finish()
    expect(await (await answer).json()).toMatchObject({ result: 'done' })
    await post(message('eth_chainId'))
    expect(signals[0]?.aborted).toBe(false)
  })

  test('a method whose time is over fails with -32002, and its signal is aborted', async () => {
    wire = await startTestWire(methods)
    expect(await (await post(message('eth_late'))).json()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32002, message: 'request timed out' },
    })
    expect(signals[0]?.aborted).toBe(true)
  })

  test('503 before the node is ready and once it stops', async () => {
    wire = await startTestWire(methods, { isReady: false })
    const refusal = async () => {
      const response = await post(message('eth_chainId'))
      return { status: response.status, ...((await response.json()) as object) }
    }
    const told = (text: string) => ({ status: 503, jsonrpc: '2.0', id: null, error: { code: -32002, message: text } })
    expect(await refusal()).toEqual(told('node is starting'))
    wire.gate.open()
    expect(await refusal()).toMatchObject({ status: 200, result: '0x1' })
    wire.gate.drain()
    expect(await refusal()).toMatchObject({ status: 200, result: '0x1' })
    wire.gate.close()
    expect(await refusal()).toEqual(told('node is stopping'))
  })
})

describe('what is told of requests', () => {
  test('each is in the log', async () => {
    wire = await startTestWire(methods, { rpc: { slowMs: 60_000 } })
    await post(message('eth_chainId'))
    await post(message('eth_late', 1))
    expect(wire.logged).toMatchObject([
      {
        ...{ level: 20, msg: 'request', method: 'eth_chainId', outcome: 'ok', ip: '127.0.0.1' },
        ...{ ms: expect.any(Number), requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      },
      { level: 20, method: 'eth_late', outcome: '-32602' },
    ])
  })

  test('slow ones are warnings, with their parameters cut', async () => {
    wire = await startTestWire(methods, { rpc: { slowMs: 1 } })
    await post(message('eth_slowEcho', 'y'.repeat(5000)))
    expect(wire.logged).toMatchObject([{ level: 40, msg: 'slow request', method: 'eth_slowEcho', outcome: 'ok' }])
    expect(wire.logged[0]!['params']).toBe(`["${'y'.repeat(2046)}`)
  })

  test('a request is logged by the id that it came with, and answered with it, when it is fit for a log', async () => {
    wire = await startTestWire(methods, { rpc: { slowMs: 1 } })
    const send = async (requestId: string) => {
      const headers = { 'content-type': 'application/json', 'x-request-id': requestId }
      const response = await fetch(wire.url, { method: 'POST', headers, body: message('eth_slowEcho', 'x') })
      return response.headers.get('x-request-id')
    }
    expect([await send('edge-7:a.b'), await send('two words'), await send('x'.repeat(65))]).toEqual([
      ...['edge-7:a.b', null, null],
    ])
    expect(wire.logged.map(({ requestId }) => String(requestId).length)).toEqual([10, 36, 36])
  })

  test('metrics count by method, transport and outcome', async () => {
    wire = await startTestWire(methods)
    await post(message('eth_chainId'))
    await post(message('eth_nope'))
    const text = await wire.registry.metrics()
    for (const line of [
      'rpc_requests_total{method="eth_chainId",transport="http",outcome="ok"} 1',
      'rpc_requests_total{method="unknown",transport="http",outcome="-32601"} 1',
      'rpc_request_duration_seconds_count{method="eth_chainId"} 1',
      'rpc_in_flight 0',
      'rpc_response_bytes_count 2',
      'jsonrpc_request_handled{type="success"} 1',
      'jsonrpc_request_duration_count 2',
    ])
      expect(text).toContain(`${line}\n`)
  })
})
