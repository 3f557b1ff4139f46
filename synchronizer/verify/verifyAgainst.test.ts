import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { hashOf } from '#test/blocks.ts'
import { describeDifference } from './differences.ts'
import { createNodeRpc, type NodeRpc, NodeRpcError } from './nodeRpc.ts'
import { verifyAgainst } from './verifyAgainst.ts'

const hex = (value: number) => `0x${value.toString(16)}`
const PER_BATCH = 10

type FakeNode = {
  blocks: number
  /** From this block on it has other blocks than others. */
  leavesAt?: number
  /** The first block that it has not pruned. */
  oldest?: number
  chainId?: string
  /** Changes one answer. */
  change?: { method: string; param: string; to: (answer: object) => object }
}

/** A node with ten blocks a batch, the last batch open. `asked` counts the requests. */
function fakeNode({ blocks, leavesAt = Number.POSITIVE_INFINITY, oldest = 0, chainId = '0x3e8', change }: FakeNode) {
  const asked: Record<string, number> = {}
  const hashAt = (number: number) => hashOf(number >= leavesAt ? 100_000 + number : number)
  const header = (number: number) => ({
    ...{ number: hex(number), hash: hashAt(number), parentHash: number === 0 ? hashOf(0) : hashAt(number - 1) },
    ...{ stateRoot: hashOf(number >= leavesAt ? 7 : 8), timestamp: hex(number), miner: '0x01', gasUsed: '0x1' },
    ...{ transactionsRoot: hashOf(1), receiptsRoot: hashOf(2), gasLimit: '0x2' },
  })
  const log = { address: '0x0a', topics: [hashOf(1)], data: '0x', logIndex: '0x0' }
  const methods: Record<string, (param: string) => unknown> = {
    eth_chainId: () => chainId,
    eth_getBlockByNumber: (block) =>
      header(block === 'latest' ? blocks - 1 : block === 'earliest' ? oldest : Number(block)),
    zkevm_batchNumber: () => hex(Math.floor((blocks - 1) / PER_BATCH)),
    zkevm_batchNumberByBlockNumber: (block) => hex(Math.floor(Number(block) / PER_BATCH)),
    zkevm_getBatchByNumber: (batch) => ({
      ...{ coinbase: '0x01', stateRoot: hashOf(9), localExitRoot: hashOf(3), timestamp: '0x1', batchL2Data: '0x0b' },
      closed: Number(batch) < Math.floor((blocks - 1) / PER_BATCH),
      blocks: Array.from({ length: PER_BATCH }, (_, index) => hashAt(Number(batch) * PER_BATCH + index)),
    }),
    eth_getBlockReceipts: (hash) => [
      {
        transactionHash: hash,
        status: '0x1',
        gasUsed: '0x1',
        cumulativeGasUsed: '0x1',
        effectiveGasPrice: '0x1',
        logs: [log],
      },
    ],
  }
  const ask: NodeRpc = async (method, param) => {
    asked[method] = (asked[method] ?? 0) + 1
    const result = methods[method]!(String(param))
    const isChanged = change?.method === method && change.param === param
    return isChanged ? change.to(result as object) : result
  }
  return { ask, asked }
}

async function compare(ours: FakeNode, theirs: FakeNode, range: { fromBatch?: number; toBatch?: number } = {}) {
  const [a, b] = [fakeNode(ours), fakeNode(theirs)]
  const result = await verifyAgainst({ ours: a.ask, theirs: b.ask, onProgress: () => {}, ...range })
  return { ...result, found: result.differences.map((each) => describeDifference(each, 'there')), asked: a.asked }
}

test('two nodes with the same chain agree in every batch that both have closed', async () => {
  const result = await compare({ blocks: 95 }, { blocks: 68 })
  expect(result.found).toEqual([])
  expect(result).toMatchObject({ fromBlock: 0, toBlock: 67, fromBatch: 0, toBatch: 5 })
  expect(result.compared).toEqual({ batches: 6, blocks: 60 })
})

test('the first block that differs is found by halving, and named with its batch and fields', async () => {
  const { found, asked } = await compare({ blocks: 4000, leavesAt: 2718 }, { blocks: 4100 })
  expect(found).toEqual([
    `block 2718 of batch 271: hash here ${hashOf(102_718)}, there ${hashOf(2718)}`,
    `block 2718 of batch 271: stateRoot here ${hashOf(7)}, there ${hashOf(8)}`,
  ])
  expect(asked['eth_getBlockByNumber']).toBeLessThan(20)
  expect(asked['eth_getBlockReceipts']).toBeUndefined()
})

test('nodes that differ from the first common block on are found to', async () => {
  const { found } = await compare({ blocks: 50, leavesAt: 0, oldest: 20 }, { blocks: 50 })
  expect(found[0]).toMatch(/^block 20 of batch 2: hash/)
})

test('where hashes agree, data of batches, receipts and logs are compared', async () => {
  const receipts = (to: (receipt: { logs: object[] }) => object) => ({
    ...{ method: 'eth_getBlockReceipts', param: hashOf(13) },
    to: (answer: object) => (answer as { logs: object[] }[]).map(to),
  })
  const data = {
    method: 'zkevm_getBatchByNumber',
    param: '0x3',
    to: (batch: object) => ({ ...batch, batchL2Data: '0x0c' }),
  }
  expect((await compare({ blocks: 50, change: data }, { blocks: 50 })).found).toEqual([
    'batch 3: batchL2Data here 0x0c, there 0x0b',
  ])
  const status = receipts((receipt) => ({ ...receipt, status: '0x0' }))
  const where = `transaction ${hashOf(13)} in block ${hashOf(13)} of batch 1`
  expect((await compare({ blocks: 50, change: status }, { blocks: 50 })).found).toEqual([
    `${where}: status here 0x0, there 0x1`,
  ])
  const logs = receipts((receipt) => ({ ...receipt, logs: [] }))
  expect((await compare({ blocks: 50, change: logs }, { blocks: 50 })).found[0]).toMatch(
    `${where}: logs here [], there [{`,
  )
  const missing = { ...logs, to: () => [] }
  expect((await compare({ blocks: 50, change: missing }, { blocks: 50 })).found).toEqual([
    `block ${hashOf(13)} of batch 1: receipts here 0, there 1`,
  ])
})

test('a node that is pruned is compared from where its history begins; a range of batches alone', async () => {
  expect(await compare({ blocks: 95, oldest: 40 }, { blocks: 95 })).toMatchObject({
    fromBlock: 40,
    fromBatch: 4,
    toBatch: 8,
  })
  expect(await compare({ blocks: 95 }, { blocks: 95 }, { fromBatch: 2, toBatch: 3 })).toMatchObject({
    compared: { batches: 2, blocks: 20 },
  })
})

test('nodes of two networks are not compared further', async () => {
  const { found, compared } = await compare({ blocks: 30 }, { blocks: 30, chainId: '0x3e9' })
  expect(found).toEqual(['network: chain id here 0x3e8, there 0x3e9'])
  expect(compared.batches).toBe(0)
})

test('a node that is away or refuses is named with the method', async () => {
  await expect(createNodeRpc('http://127.0.0.1:1/key', 1000)('eth_chainId')).rejects.toThrow(
    'The node does not answer as JSON-RPC does. url=http://127.0.0.1:1 method=eth_chainId',
  )
  const server = createServer((_, response) =>
    response.end('{"jsonrpc":"2.0","id":1,"error":{"code":4444,"message":"gone"}}'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ask = createNodeRpc(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 5000)
  await expect(ask('eth_getBlockByNumber')).rejects.toThrow(NodeRpcError)
  await expect(ask('eth_getBlockByNumber')).rejects.toThrow('The node refuses: gone')
  server.close()
})
