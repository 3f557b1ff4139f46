import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { hexToBytes } from '#common/bytes.ts'
import { addressOf } from '#test/blocks.ts'
import { until } from '#test/network.ts'
import { call, startTestApi, type TestApi } from './testServer.ts'

const [endless, short] = [0xc0, 0xc1].map(addressOf)
const HOUR_MS = 3_600_000
const WAIT_MS = 15_000
let api: TestApi
/** One thread, and calls that neither gas nor time ends. */
beforeAll(async () => {
  api = await startTestApi({
    contracts: { [endless!]: hexToBytes('0x5b600056'), [short!]: hexToBytes('0x60016000f3') },
    config: {
      rpc: { namespaces: ['eth', 'debug', 'trace'], gasCap: 10 ** 12, evmTimeoutMs: HOUR_MS, maxTraces: 1 },
    },
  })
})
afterAll(() => api?.close())

const trace = { tracer: 'noopTracer' }
const LONG_REQUESTS: [string, unknown[]][] = [
  ['eth_call', [{ to: endless }]],
  ['eth_callMany', [[{ transactions: [{ to: endless }] }]]],
  ['debug_traceCall', [{ to: endless }, 'latest', trace]],
  ['trace_call', [{ to: endless }, ['trace'], 'latest']],
]
const bodyOf = (method: string, params: unknown[]) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

const metrics = () => api.server.readMetrics()
/** Whether the threads have this many jobs that run, and none that waits or is still to end. */
async function hasLoad(running: number): Promise<boolean> {
  const text = await metrics()
  return Object.entries({ waiting: 0, running, leaving: 0 }).every(([state, count]) =>
    text.includes(`rpc_evm_jobs{state="${state}"} ${count}\n`),
  )
}
const isCancelled = async (method: string, transport: string) =>
  (await metrics()).includes(`rpc_requests_total{method="${method}",transport="${transport}",outcome="cancelled"} 1\n`)

/** The thread has nothing to do and takes the next job, a trace too, though only one may run. */
async function expectFreeThread(): Promise<void> {
  await until(() => hasLoad(0), WAIT_MS)
  expect((await call(api.url, 'eth_call', { to: short })).result).toBe('0x00')
  expect((await call(api.url, 'debug_traceCall', { to: short }, 'latest', trace)).result).toEqual({})
}

describe.each(LONG_REQUESTS)('%s is ended', (method, params) => {
  test('when its HTTP client leaves', async () => {
    const leaving = new AbortController()
    const headers = { 'content-type': 'application/json' }
    const request = fetch(api.url, { method: 'POST', headers, body: bodyOf(method, params), signal: leaving.signal })
    await until(() => hasLoad(1), WAIT_MS)
    leaving.abort()
    await expect(request).rejects.toThrow()
    await expectFreeThread()
    expect(await isCancelled(method, 'http')).toBe(true)
  })

  test('when its WebSocket ends', async () => {
    const socket = new WebSocket(api.wsUrl)
    await once(socket, 'open')
    socket.send(bodyOf(method, params))
    await until(() => hasLoad(1), WAIT_MS)
    socket.terminate()
    await expectFreeThread()
    expect(await isCancelled(method, 'ws')).toBe(true)
  })
})
