import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openBatch } from '#db/batches.ts'
import { storeBlock } from '#db/blocks.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { BatchNumber, Hash } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { until } from '#test/network.ts'
import { call, startTestApi, type TestApi } from './testServer.ts'

const contract = addressOf(0xbeef)
const topic = Hash(`0x${'ab'.repeat(32)}`)
let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api?.close())

/** A block with two logs; `version` tells blocks of the same number apart. */
const logBlock = (number: number, version: number) => {
  const [hash, txHash] = [hashOf(version * 1000 + number), hashOf(version * 10_000 + number)]
  const transaction = {
    ...{
      hash: txHash,
      sender: addressOf(1),
      recipient: contract,
      nonce: number,
      raw: new Uint8Array(1),
      l2Hash: txHash,
    },
    ...{ effectivePercentage: 255, effectiveGasPrice: 1n, status: 1, gasUsed: 1, cumulativeGasUsed: 1 },
  }
  const log = { txIndex: 0, txHash, address: contract, topic0: topic, data: new Uint8Array() }
  return blockOf(number, 5, {
    block: { hash, parentHash: hashOf(version * 1000 + number - 1), logsBloom: new Uint8Array(256) },
    transactions: [transaction],
    logs: [
      { ...log, logIndex: 0 },
      { ...log, logIndex: 1 },
    ],
  })
}

/** Blocks from..to of a batch, in place of what the batch had. */
async function replaceBatch(version: number, from: number, to: number): Promise<void> {
  await api.db.transaction(async (tx) => {
    const batchNumber = BatchNumber(5)
    await deleteBatchesFrom(tx, batchNumber)
    await openBatch(tx, { batchNumber, kind: 'synced', forkId: 9, coinbase: addressOf(0) })
    for (let number = from; number <= to; number++) await storeBlock(tx, logBlock(number, version))
  })
}

type Log = { blockHash: string; blockNumber: string; logIndex: string; removed: boolean }
const brief = ({ blockHash, logIndex, removed }: Log) =>
  `${removed ? '-' : '+'}${Number(BigInt(blockHash))}/${Number(logIndex)}`

test('what an L2 reorg takes away is taken back, and what took its place is told', async () => {
  // A batch open in the test's chain would be in the way: only one may be.
  await api.db.transaction((tx) => deleteBatchesFrom(tx, BatchNumber(1)))
  await replaceBatch(1, 1, 2)
  await until(async () => (await call(api.url, 'eth_blockNumber')).result === '0x2', 5000)
  const socket = new WebSocket(api.wsUrl)
  await new Promise((resolve) => socket.once('open', resolve))
  const answers = new Map<number, string>()
  const news: { subscription: string; result: Log & { hash: string } }[] = []
  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    if (message.id !== undefined) answers.set(message.id, message.result)
    else news.push(message.params)
  })
  const subscribe = (id: number, ...params: unknown[]) =>
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params }))
  subscribe(1, 'newHeads')
  subscribe(2, 'logs', { address: contract })
  subscribe(3, 'logs', { address: addressOf(1) })
  subscribe(4, 'zkevm_reorgs')
  await until(() => answers.size === 4, 5000)
  const told = (id: number) => news.filter(({ subscription }) => subscription === answers.get(id))
  const logFilter = (await call(api.url, 'eth_newFilter', { address: contract })).result
  const blockFilter = (await call(api.url, 'eth_newBlockFilter')).result
  const changes = async (filter: unknown) => (await call(api.url, 'eth_getFilterChanges', filter)).result

  await replaceBatch(2, 1, 3)
  await until(() => told(1).length === 3 && told(2).length === 10, 5000)
  expect(told(1).map(({ result }) => Number(BigInt(result.hash)))).toEqual([2001, 2002, 2003])
  const logs = ['-1002/1', '-1002/0', '-1001/1', '-1001/0']
  const again = ['+2001/0', '+2001/1', '+2002/0', '+2002/1', '+2003/0', '+2003/1']
  expect(told(2).map(({ result }) => brief(result))).toEqual([...logs, ...again])
  expect(told(3)).toEqual([])
  expect(told(4).map(({ result }) => result)).toEqual([
    { fromBlock: '0x1', toBlock: '0x2', reason: 'L1 has other batches' },
  ])
  expect(((await changes(logFilter)) as Log[]).map(brief)).toEqual([...logs, ...again])
  expect(await changes(blockFilter)).toEqual([2001, 2002, 2003].map(hashOf))
  expect(await changes(logFilter)).toEqual([])
  expect(await changes(blockFilter)).toEqual([])

  // The same blocks again, as when L1 confirms an open batch: nobody is told.
  await replaceBatch(2, 1, 3)
  expect(await changes(logFilter)).toEqual([])
  expect(await changes(blockFilter)).toEqual([])
  // A chain that only became shorter.
  await replaceBatch(2, 1, 2)
  await until(() => told(2).length === 12, 5000)
  expect(
    told(2)
      .slice(10)
      .map(({ result }) => brief(result)),
  ).toEqual(['-2003/1', '-2003/0'])
  expect(((await changes(logFilter)) as Log[]).map(brief)).toEqual(['-2003/1', '-2003/0'])
  expect((await call(api.url, 'eth_blockNumber')).result).toBe('0x2')
  socket.close()
})

test('receipts of a recent block are answered from memory, until the block is undone', async () => {
  const receipt = async (version: number) =>
    (await call(api.url, 'eth_getTransactionReceipt', hashOf(version * 10_000 + 1))).result as { logs: Log[] } | null
  const replaceHead = async (version: number) => {
    await replaceBatch(version, 1, 1)
    const latest = async () => (await call(api.url, 'eth_getBlockByNumber', 'latest', false)).result as { hash: string }
    await until(async () => (await latest()).hash === hashOf(version * 1000 + 1), 5000)
  }
  await replaceHead(7)
  expect((await receipt(7))?.logs.map(brief)).toEqual(['+7001/0', '+7001/1'])
  await api.db.execute(sql`delete from state.logs where block_number = 1`)
  expect((await receipt(7))?.logs.map(brief)).toEqual(['+7001/0', '+7001/1'])

  await replaceHead(8)
  expect(await receipt(7)).toBeNull()
  expect((await receipt(8))?.logs.map(brief)).toEqual(['+8001/0', '+8001/1'])
  // The same block again: what was kept of it holds again.
  await replaceHead(7)
  expect(await receipt(8)).toBeNull()
  expect((await receipt(7))?.logs.map(brief)).toEqual(['+7001/0', '+7001/1'])
})
