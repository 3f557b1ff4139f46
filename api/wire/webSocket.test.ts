import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { method, type RequestContext } from '../method.ts'
import * as schema from '../schemas.ts'
import { startTestWire, type TestWire } from '../tests/testWire.ts'
import { createOutbox } from './outbox.ts'

let context: RequestContext = {}
const methods = [
  method({
    ...{ name: 'eth_chainId', summary: 'A number', cost: 1, params: [], result: schema.quantity },
    handle: (_, given) => {
      context = given
      return '0x1'
    },
  }),
]

let wire: TestWire
afterEach(() => wire?.wire.close())

async function open(url = wire.wsUrl, options = {}) {
  const socket = new WebSocket(url, options)
  await once(socket, 'open')
  const send = async (text: string | Buffer) => {
    const answer = once(socket, 'message')
    socket.send(text)
    return JSON.parse(String((await answer)[0]))
  }
  return { socket, send }
}
const message = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_chainId' })
const answerTo = (id: number) => ({ jsonrpc: '2.0', id, result: '0x1' })

/** Status and body an upgrade was refused with. */
async function refusalOf(url: string) {
  const socket = new WebSocket(url)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  const parts: Buffer[] = await response.toArray()
  return { status: response.statusCode, ...JSON.parse(Buffer.concat(parts).toString()) }
}

test('requests and batches, on / and /ws', async () => {
  wire = await startTestWire(methods)
  for (const path of ['/', '/ws']) {
    const { send, socket } = await open(`${wire.wsUrl}${path}`)
    expect(await send(message(1))).toEqual(answerTo(1))
    expect(await send(`[${message(2)},${message(3)}]`)).toEqual([answerTo(2), answerTo(3)])
    socket.close()
  }
  expect(await refusalOf(`${wire.wsUrl}/elsewhere`)).toMatchObject({ status: 404, error: { code: -32600 } })
})

test('a bad frame gets an error with id null, and the connection stays', async () => {
  wire = await startTestWire(methods)
  const { send } = await open()
  expect(await send('{')).toEqual({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error' } })
  expect(await send(Buffer.from(message(1)))).toMatchObject({
    id: null,
    error: { code: -32600, message: 'invalid request: text frames only' },
  })
  expect(await send(message(2))).toEqual(answerTo(2))
})

test('a frame above the cap closes its connection with 1009', async () => {
  wire = await startTestWire(methods, { rpc: { ws: { maxFrameBytes: 1000 } } })
  const { socket } = await open()
  socket.send('x'.repeat(1001))
  expect((await once(socket, 'close'))[0]).toBe(1009)
})

test('WebSocket has its own port when one is set', async () => {
  wire = await startTestWire(methods, { rpc: { ws: { port: 0 } } })
  expect(wire.wire.wsPort).not.toBe(wire.wire.port)
  const { send } = await open(`ws://127.0.0.1:${wire.wire.wsPort}`)
  expect(await send(message(1))).toEqual(answerTo(1))
})

test.each([
  [true, 'permessage-deflate'],
  [false, ''],
])('with compression %s a connection speaks "%s"', async (compression, extensions) => {
  wire = await startTestWire(methods, { rpc: { ws: { compression } } })
  const { socket, send } = await open()
  expect(socket.extensions).toBe(extensions)
  expect(await send(message(1))).toEqual(answerTo(1))
})

test('a connection that answers no ping is ended', async () => {
  wire = await startTestWire(methods, { rpc: { ws: { pingIntervalMs: 10 } } })
  const { socket } = await open(wire.wsUrl, { autoPong: false })
  expect((await once(socket, 'close'))[0]).toBe(1006)
})

test('one that answers them stays', async () => {
  wire = await startTestWire(methods, { rpc: { ws: { pingIntervalMs: 10 } } })
  const { socket, send } = await open()
  for (let pings = 0; pings < 5; pings += 1) await once(socket, 'ping')
  expect(await send(message(1))).toEqual(answerTo(1))
})

test('rates and keys are those of HTTP; an error has the id of its request', async () => {
  const keys = { zk_1: { id: 'key_1', namespaces: undefined, ratePerSecond: 0.001 } }
  wire = await startTestWire(methods, { keys, rpc: { keys: 'required', rateLimit: { burst: 1 } } })
  expect(await refusalOf(wire.wsUrl)).toMatchObject({ status: 401, id: null, error: { code: -32600 } })
  const { send } = await open(`${wire.wsUrl}/v1/zk_1`)
  expect(await send(message(1))).toEqual(answerTo(1))
  expect(await send(message(2))).toMatchObject({ id: 2, error: { code: -32005, message: 'rate limit exceeded' } })
})

test('its end aborts what runs for it and ends its subscriptions', async () => {
  wire = await startTestWire(methods)
  const { socket, send } = await open()
  await send(message(1))
  let ended = 0
  context.connection!.subscriptions.set('0x1', { kind: 'newHeads', end: () => (ended += 1) })
  const metrics = async () => await wire.registry.metrics()
  expect(await metrics()).toContain('rpc_subscriptions{kind="newHeads"} 1\n')
  expect(await metrics()).toContain('rpc_ws_connections 1\n')
  expect(await metrics()).toContain('rpc_requests_total{method="eth_chainId",transport="ws",outcome="ok"} 1\n')
  const aborted = once(context.signal!, 'abort')
  socket.close()
  await aborted
  expect(ended).toBe(1)
  expect(await metrics()).toContain('rpc_ws_connections 0\n')
})

test('connections are told when the node stops, and none is taken before it is ready', async () => {
  wire = await startTestWire(methods, { isReady: false })
  expect(await refusalOf(wire.wsUrl)).toMatchObject({ status: 503, error: { message: 'node is starting' } })
  wire.gate.open()
  const { socket } = await open()
  const closed = once(socket, 'close')
  await wire.wire.close()
  expect((await closed)[0]).toBe(1001)
})

test.each([
  ['bytes', 16 * 1024 * 1024 + 1, 1],
  ['messages', 0, 10_001],
])('a reader too many %s behind is closed with 1013', (_, bufferedAmount, messages) => {
  const closed: unknown[] = []
  const send = createOutbox({
    ...{ readyState: 1, OPEN: 1, bufferedAmount, send: () => {} },
    close: (...reason) => closed.push(reason),
  })
  for (let sent = 1; sent < messages; sent += 1) send('{}')
  expect(closed).toEqual([])
  send('{}')
  expect(closed).toEqual([[1013, 'reader is too slow']])
})
