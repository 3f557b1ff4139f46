import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { closeBatch } from '#db/batches.ts'
import { rpcFilters } from '#db/schema.ts'
import { BatchNumber, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { until } from '#test/network.ts'
import { addBlock, call, startApiOn, startTestApi, type TestApi } from './testServer.ts'

const contract = addressOf(0xbeef)
const [topicA, topicB] = [Hash(`0x${'aa'.repeat(32)}`), Hash(`0x${'bb'.repeat(32)}`)]
let api: TestApi
/** Blocks 1 to 4, three logs each: (A), (A, B), and none of a topic. */
beforeAll(async () => {
  api = await startTestApi({ config: { rpc: { maxLogs: 5, maxLogBlockRange: 3, strictTags: true } } })
  for (const number of [1, 2, 3, 4]) await addLogs(number)
  expect((await call(api.url, 'eth_getBlockByNumber', '0x4', false)).result).toMatchObject({ number: '0x4' })
})
afterAll(() => api?.close())

async function addLogs(number: number): Promise<void> {
  const hash = hashOf(0xf000 + number)
  const log = { txIndex: 0, txHash: hash, address: contract, data: new Uint8Array() }
  await addBlock(api.db, number, {
    block: { logsBloom: new Uint8Array(256) },
    transactions: [
      {
        ...{ hash, sender: addressOf(1), recipient: contract, nonce: number, raw: new Uint8Array(1), l2Hash: hash },
        ...{ effectivePercentage: 255, effectiveGasPrice: 1n, status: 1, gasUsed: 1, cumulativeGasUsed: 1 },
      },
    ],
    logs: [
      { ...log, logIndex: 0, topic0: topicA, topic1: null },
      { ...log, logIndex: 1, topic0: topicA, topic1: topicB },
      { ...log, logIndex: 2, topic0: null, topic1: null },
    ],
  })
}

const logsOf = (filter: object) => call(api.url, 'eth_getLogs', filter)
const placesOf = async (filter: object) =>
  ((await logsOf(filter)).result as { blockNumber: string; logIndex: string }[]).map(
    ({ blockNumber, logIndex }) => `${Number(blockNumber)}/${Number(logIndex)}`,
  )

describe('logs', () => {
  test('limits tell of a range that fits', async () => {
    expect((await logsOf({ fromBlock: '0x0', toBlock: '0x4' })).error).toEqual({
      ...{ code: -32602, message: 'logs are limited to a 3 block range' },
      data: { from: '0x0', to: '0x2', limit: 3 },
    })
    expect((await logsOf({ fromBlock: '0x1', toBlock: '0x3' })).error).toEqual({
      ...{ code: -32602, message: 'query returned more than 5 results' },
      data: { from: '0x1', to: '0x1', limit: 5 },
    })
    expect((await logsOf({ fromBlock: '0x3', toBlock: '0x2' })).error).toEqual({
      code: -32602,
      message: 'invalid block range params',
    })
    expect((await logsOf({ fromBlock: '0x3', toBlock: '0x9' })).error).toEqual({
      code: -32602,
      message: 'block range extends beyond current head block',
    })
  })

  test('a block hash stands alone and knows no range', async () => {
    expect(await placesOf({ blockHash: hashOf(1002), topics: [topicA] })).toEqual(['2/0', '2/1'])
    expect((await logsOf({ blockHash: hashOf(1002), fromBlock: '0x1' })).error).toEqual({
      code: -32602,
      message: 'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    })
    expect((await logsOf({ blockHash: hashOf(9) })).error).toEqual({
      code: -32000,
      message: 'header for hash not found',
    })
  })

  test('topics count by position', async () => {
    const last = { fromBlock: 'latest' }
    expect(await placesOf({})).toEqual(['4/0', '4/1', '4/2'])
    expect(await placesOf({ ...last, topics: [] })).toEqual(['4/0', '4/1', '4/2'])
    expect(await placesOf({ ...last, topics: [null] })).toEqual(['4/0', '4/1'])
    expect(await placesOf({ ...last, topics: [[]] })).toEqual(['4/0', '4/1'])
    expect(await placesOf({ ...last, topics: [null, topicB] })).toEqual(['4/1'])
    expect(await placesOf({ ...last, topics: [[topicB, topicA]] })).toEqual(['4/0', '4/1'])
    expect(await placesOf({ ...last, topics: [topicB] })).toEqual([])
    expect(await placesOf({ ...last, topics: [topicA, topicB, null] })).toEqual([])
    expect(await placesOf({ ...last, address: [addressOf(1), contract], topics: [topicA, topicB] })).toEqual(['4/1'])
    expect(await placesOf({ ...last, address: addressOf(1) })).toEqual([])
  })

  test('safe and finalized name no block before L1 has verified one, when tags are strict', async () => {
    for (const tag of ['safe', 'finalized'])
      expect((await call(api.url, 'eth_getBlockByNumber', tag, false)).error).toEqual({
        code: -39001,
        message: 'Unknown block',
      })
    expect((await call(api.url, 'zkevm_getBatchByNumber', 'safe')).error?.code).toBe(-39001)
  })
})

test('logs that take too long are no more work for the database than for their caller', async () => {
  const brief = await startApiOn(api.databaseUrl, { rpc: { logsTimeoutMs: 100 } })
  const working = async () =>
    (
      await api.db.execute(sql`select from pg_stat_activity where datname = current_database()
      and application_name = 'zknode-api-logs' and state = 'active'`)
    ).length
  await api.db.transaction(async (tx) => {
    await tx.execute(sql`lock table state.logs in access exclusive mode`)
    const { error } = await call(`http://127.0.0.1:${brief.port}`, 'eth_getLogs', {})
    expect(error).toEqual({ code: -32002, message: 'request timed out' })
    await until(async () => (await working()) === 0, 5000)
  })
  await brief.stop()
})

describe('filters', () => {
  test('a poll delivers as many whole blocks as fit, and the rest with the next', async () => {
    const { result: id } = await call(api.url, 'eth_newFilter', { fromBlock: '0x0', topics: [null] })
    await api.db.update(rpcFilters).set({ position: 0 }).where(sql`${rpcFilters.id} = ${id}`)
    const poll = async () =>
      ((await call(api.url, 'eth_getFilterChanges', id)).result as { blockNumber: string }[]).map((log) =>
        Number(log.blockNumber),
      )
    expect([await poll(), await poll(), await poll()]).toEqual([[1, 1, 2, 2], [3, 3, 4, 4], []])
  })

  test('expire when nobody polls, and are bounded for each address', async () => {
    const { result: id } = await call(api.url, 'eth_newBlockFilter')
    await api.db.update(rpcFilters).set({ polledAt: sql`now() - interval '301 seconds'` })
    expect((await call(api.url, 'eth_getFilterChanges', id)).error).toEqual({
      code: -32000,
      message: 'filter not found',
    })
    expect((await call(api.url, 'eth_getFilterLogs', id)).error).toEqual({ code: -32000, message: 'filter not found' })
    for (let count = 0; count < 100; count++)
      expect((await call(api.url, 'eth_newBlockFilter')).result).toMatch(/^0x[1-9a-f]/)
    expect((await call(api.url, 'eth_newBlockFilter')).error).toMatchObject({ code: -32005 })
    await api.db.delete(rpcFilters)
    const block = (await call(api.url, 'eth_newBlockFilter')).result
    expect((await call(api.url, 'eth_getFilterLogs', block)).error?.message).toBe('filter not found')
  })
})

test('batches and the state of the node are told to subscribers, after the answer', async () => {
  const socket = new WebSocket(api.wsUrl)
  await new Promise((resolve) => socket.once('open', resolve))
  type Message = { id?: number; result?: string; error?: object; params?: { subscription: string; result: unknown } }
  const messages: Message[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  for (const [id, kind] of ['zkevm_batches', 'syncing', 'moons'].entries())
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params: [kind] }))
  const answer = async (id: number) => {
    const find = () => messages.find((message) => message.id === id)
    await until(() => find() !== undefined, 5000)
    return find()!
  }
  const [batches, syncing] = [(await answer(0)).result, (await answer(1)).result]
  expect((await answer(2)).error).toEqual({ code: -32602, message: 'no "moons" subscription in eth namespace' })
  const toldTo = (subscription: string | undefined) =>
    messages.filter(({ params }) => params?.subscription === subscription).map(({ params }) => params!.result)
  await until(() => toldTo(syncing)[0] !== undefined, 5000)
  expect(toldTo(syncing)).toEqual([false])
  await closeBatch(api.db, {
    ...{ batchNumber: BatchNumber(1), closingReason: 'test', batchL2Data: new Uint8Array() },
    ...{ stateRoot: hashOf(2004), localExitRoot: ZERO_HASH, lastTimestamp: 1 },
  })
  await until(() => toldTo(batches)[0] !== undefined, 5000)
  expect(toldTo(batches)).toEqual([expect.objectContaining({ number: '0x1', state: 'closed', workflowId: 'batch-1' })])
  socket.close()
})

test('a filter is kept without what is no part of it', async () => {
  const { result: id, error } = await call(api.url, 'eth_newFilter', { fromBlock: '0x0', note: 'nothing\u0000of ours' })
  expect(error).toBeUndefined()
  const [row] = await api.db.select().from(rpcFilters).where(sql`${rpcFilters.id} = ${id}`)
  expect(row!.criteria).toEqual({ fromBlock: '0x0' })
})
