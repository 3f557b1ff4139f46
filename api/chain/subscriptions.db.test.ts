import { once } from 'node:events'
import { WebSocketProvider } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Hash } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { addBlock, call, startTestApi, type TestApi } from '../tests/testServer.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api?.close())

const topic = Hash(`0x${'ab'.repeat(32)}`)
const contract = addressOf(0xbeef)

/** Stores a block with one transaction and one log. */
async function addLogBlock(number: number) {
  const hash = hashOf(0xf000 + number)
  await addBlock(api.db, number, {
    block: { logsBloom: new Uint8Array(256) },
    transactions: [
      {
        hash,
        sender: addressOf(1),
        recipient: contract,
        nonce: number,
        raw: new Uint8Array(1),
        l2Hash: hash,
        effectivePercentage: 255,
        effectiveGasPrice: 1n,
        status: 1,
        gasUsed: 1,
        cumulativeGasUsed: 1,
      },
    ],
    logs: [{ logIndex: 0, txIndex: 0, txHash: hash, address: contract, topic0: topic, data: new Uint8Array() }],
  })
}

async function until<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const value = read()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('nothing came')
}

test('heads and matching logs are told in order, others are not', async () => {
  const socket = new WebSocket(api.wsUrl)
  await new Promise((resolve) => socket.once('open', resolve))
  const messages: {
    id?: number
    result?: string
    method?: string
    params?: { subscription: string; result: Record<string, string> }
  }[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  const subscribe = (id: number, ...params: unknown[]) =>
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params }))
  subscribe(1, 'newHeads')
  subscribe(2, 'logs', { address: contract, topics: [topic] })
  subscribe(3, 'logs', { topics: [hashOf(1)] })
  subscribe(4, 'nonsense')
  await until(() => (messages.length >= 4 ? true : undefined))
  expect(messages.find(({ id }) => id === 4)).toMatchObject({
    error: { code: -32602, message: 'no "nonsense" subscription in eth namespace' },
  })
  const idOf = (request: number) => messages.find(({ id }) => id === request)?.result
  for (const number of [1, 2, 3]) await addLogBlock(number)
  const told = (request: number) => messages.filter(({ params }) => params?.subscription === idOf(request))
  await until(() => (told(1).length >= 3 && told(2).length >= 3 ? true : undefined))
  expect(told(1).map(({ params }) => params?.result['number'])).toEqual(['0x1', '0x2', '0x3'])
  expect(told(1)[0]?.params?.result['transactions']).toBeUndefined()
  expect(told(2).map(({ params }) => params?.result['blockNumber'])).toEqual(['0x1', '0x2', '0x3'])
  expect(told(3)).toEqual([])
  socket.send('not json')
  expect(await until(() => messages.find(({ id }) => id === null))).toMatchObject({ error: { code: -32700 } })
  expect(socket.readyState).toBe(WebSocket.OPEN)
  socket.close()
})

test('a connection has at most 100; one that is ended makes room', async () => {
  const socket = new WebSocket(api.wsUrl)
  await once(socket, 'open')
  const ask = async (method: string, ...params: unknown[]) => {
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
    for (;;) {
      const { id, ...answer } = JSON.parse(String((await once(socket, 'message'))[0]))
      if (id === 1) return answer
    }
  }
  const subscribe = () => ask('eth_subscribe', 'logs', { address: addressOf(0xabc) })
  const { result: first } = await subscribe()
  for (let count = 1; count < 100; count += 1)
    expect(await subscribe()).toMatchObject({ result: expect.stringMatching(/^0x[1-9a-f]/) })
  expect((await subscribe()).error).toEqual({
    ...{ code: -32005, message: 'busy: too many subscriptions', data: { retryAfter: 1 } },
  })
  expect(await ask('eth_unsubscribe', first)).toMatchObject({ result: true })
  expect(await subscribe()).toHaveProperty('result')
  expect(await subscribe()).toHaveProperty('error')
  socket.close()
})

test('ethers follows blocks over WebSocket', async () => {
  const provider = new WebSocketProvider(api.wsUrl)
  const blocks: number[] = []
  await provider.on('block', (number: number) => blocks.push(number))
  await provider.getBlockNumber()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await addLogBlock(4)
  expect(await until(() => blocks.find((number) => number === 4))).toBe(4)
  await provider.destroy()
})

test('over HTTP there are no notifications', async () => {
  expect((await call(api.url, 'eth_subscribe', 'newHeads')).error).toEqual({
    code: -32601,
    message: 'notifications not supported',
  })
})

test('logs by range, by hash and by criteria', async () => {
  const count = async (filter: object) => ((await call(api.url, 'eth_getLogs', filter)).result as unknown[]).length
  expect(await count({ fromBlock: '0x1', toBlock: '0x3' })).toBe(3)
  expect(await count({ fromBlock: 'earliest', toBlock: '0xffff' })).toBe(4)
  expect(await count({})).toBe(1)
  expect(await count({ blockHash: hashOf(1002) })).toBe(1)
  expect(await count({ fromBlock: '0x1', topics: [null] })).toBe(4)
  expect(await count({ fromBlock: '0x1', topics: [[hashOf(1), topic]] })).toBe(4)
  expect(await count({ fromBlock: '0x1', topics: [topic, null] })).toBe(0)
  expect(await count({ fromBlock: '0x1', address: [addressOf(2)] })).toBe(0)
  const error = async (filter: object) => (await call(api.url, 'eth_getLogs', filter)).error?.message
  expect(await error({ blockHash: hashOf(1002), fromBlock: '0x1' })).toBe(
    'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
  )
  expect(await error({ fromBlock: '0x3', toBlock: '0x1' })).toBe('invalid block range params')
  expect(await error({ blockHash: hashOf(1) })).toBe('header for hash not found')
})

test('filters give each item once', async () => {
  const [logs, blocks] = [
    (await call(api.url, 'eth_newFilter', { address: contract })).result,
    (await call(api.url, 'eth_newBlockFilter')).result,
  ]
  await addLogBlock(5)
  await reachBlock(5)
  expect((await call(api.url, 'eth_getFilterChanges', blocks)).result).toEqual([hashOf(1005)])
  expect((await call(api.url, 'eth_getFilterChanges', blocks)).result).toEqual([])
  expect((await call(api.url, 'eth_getFilterChanges', logs)).result).toMatchObject([{ blockNumber: '0x5' }])
  expect((await call(api.url, 'eth_getFilterChanges', logs)).result).toEqual([])
  expect((await call(api.url, 'eth_getFilterLogs', blocks)).error?.message).toBe('filter not found')
  expect((await call(api.url, 'eth_uninstallFilter', logs)).result).toBe(true)
  expect((await call(api.url, 'eth_getFilterChanges', logs)).error?.message).toBe('filter not found')
})

async function reachBlock(number: number) {
  while ((await call(api.url, 'eth_blockNumber')).result !== `0x${number.toString(16)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
}
