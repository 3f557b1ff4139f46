import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { advanceHorizon, removeHistory } from '#db/pruning.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import type { NodeRpc } from '#synchronizer/verify/nodeRpc.ts'
import { verifyAgainst } from '#synchronizer/verify/verifyAgainst.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { call as callOn, type RpcAnswer, testConfig } from './testServer.ts'

const KEPT_BLOCKS = 25
/** More than anvil has between its newest block and the one it calls final. */
const UNTIL_FINAL = 100

let l1: L1Chain
const databases: TestDatabase[] = []
const nodes: L1Node[] = []
const servers: ApiServer[] = []
let whole: Api
let pruned: Api
let oldest: { batch: number; block: number }
let head: number

type Api = { node: L1Node; ask: (method: string, ...params: unknown[]) => Promise<RpcAnswer> }

async function openDatabase(): Promise<string> {
  databases.push(await createTestDatabase())
  return databases.at(-1)!.url
}

async function openApi(): Promise<Api> {
  const url = await openDatabase()
  const node = await l1.openNode(url)
  nodes.push(node)
  await node.poll()
  const config = testConfig(url, { rpc: { namespaces: 'eth net web3 txpool zkevm debug trace ots'.split(' ') } })
  const server = await startApiServer(
    parseConfig({ ...config, network: { ...config.network, chainId: CHAIN_ID } }),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
  servers.push(server)
  return { node, ask: (method, ...params) => callOn(`http://127.0.0.1:${server.port}`, method, ...params) }
}

/** Batches of transfers back and forth, so that state is written again and again; all verified, all but some finally. */
beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID, { recipientOf: (index, senders) => senders[index % 7]! })
  l1 = await L1Chain.start(signer.senders)
  const sequencer = await l1.openNode(await openDatabase())
  nodes.push(sequencer)
  await sequencer.poll()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(sequencer, deployment, { firstBatch: 2, transactions: 1 })
  const raws = [...signer.sign('erc20', 60), ...signer.sign('eth', 60)]
  const last = await l1.makeBatches(sequencer, raws, { firstBatch: 3, transactions: 2 })
  await l1.sequence(sequencer, last, 10)
  await l1.verify(sequencer, 1, last - ((last - 1) % 10))
  await l1.send('anvil_mine', [`0x${UNTIL_FINAL.toString(16)}`])
  whole = await openApi()
  pruned = await openApi()
}, 180_000)

afterAll(async () => {
  for (const server of servers) await server.stop()
  for (const node of nodes) await node.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})

const hex = (value: number) => `0x${value.toString(16)}`

test('history is removed in steps behind a horizon that is announced first', async () => {
  const { db } = pruned.node
  const horizon = await db.transaction((tx) => advanceHorizon(tx, KEPT_BLOCKS))
  head = Number((await pruned.ask('eth_blockNumber')).result)
  oldest = { batch: horizon.oldestBatch, block: horizon.oldestBlock }
  expect(oldest.block).toBeGreaterThan(20)
  expect(head - oldest.block).toBeGreaterThanOrEqual(KEPT_BLOCKS - 1)
  let removed = 0
  while (removed < oldest.batch) {
    const before = removed
    removed = (await db.transaction((tx) => removeHistory(tx, 20))).removedBatches
    expect(removed).toBeGreaterThan(before)
  }
  expect(removed).toBe(oldest.batch)
  const [rows] = await db.execute<{ transactions: string; logs: string }>(sql`select
    (select min(block_number) from state.transactions) as transactions, (select min(block_number) from state.logs) as logs`)
  expect(Number(rows!.transactions)).toBe(oldest.block)
})

test('what is kept is answered as by a node that keeps everything', async () => {
  const token = await tokenAddress()
  const account = '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf'
  for (const number of [oldest.block, oldest.block + 1, oldest.block + 2, oldest.block + 10, head - 1, head]) {
    const block = hex(number)
    const calls: [string, ...unknown[]][] = [
      ['eth_getBlockByNumber', block, true],
      ['eth_getBlockReceipts', block],
      ['zkevm_getFullBlockByNumber', block, true],
      ['zkevm_getL2BlockInfoTree', block],
      ['eth_getBalance', account, block],
      ['eth_getTransactionCount', account, block],
      ['eth_getCode', token, block],
      ['eth_call', { to: token, data: `0x70a08231${account.slice(2).padStart(64, '0')}` }, block],
      ['zkevm_getProof', account, [], block],
      ['zkevm_getProof', token, ['0x2', '0x3'], block],
      ['eth_getLogs', { fromBlock: block, toBlock: block }],
      ['debug_traceBlockByNumber', block, { tracer: 'prestateTracer' }],
      ['trace_block', block],
      ['debug_accountRange', block],
      ['debug_getModifiedAccountsByNumber', block],
      ['zkevm_getWitness', block],
    ]
    for (const call of calls) {
      const [expected, answer] = [await whole.ask(...call), await pruned.ask(...call)]
      expect(answer, call.join()).toEqual(expected)
      expect(answer.error, call.join()).toBeUndefined()
    }
  }
  for (let batch = oldest.batch; batch < oldest.batch + 3; batch++)
    for (const call of [
      ['zkevm_getBatchByNumber', hex(batch), true],
      ['debug_traceBatchByNumber', hex(batch)],
      ['zkevm_getBatchDataByNumbers', { numbers: [hex(batch)] }],
    ] as [string, ...unknown[]][])
      expect(await pruned.ask(...call)).toEqual(await whole.ask(...call))
}, 60_000)

async function tokenAddress(): Promise<string> {
  const { result } = await whole.ask('eth_getBlockReceipts', '0x2')
  return (result as { contractAddress: string }[])[0]!.contractAddress
}

test('what is gone is said to be pruned, by number, hash and range', async () => {
  const gone = { code: 4444, message: 'pruned history unavailable', data: { oldest: hex(oldest.block) } }
  const token = await tokenAddress()
  for (const number of [0, 1, 2, oldest.block - 1]) {
    const block = hex(number)
    const { hash } = (await whole.ask('eth_getBlockByNumber', block, false)).result as { hash: string }
    const calls: [string, ...unknown[]][] = [
      ['eth_getBlockByNumber', block, false],
      ['eth_getBlockByHash', hash, false],
      ['eth_getHeaderByNumber', block],
      ['eth_getHeaderByHash', hash],
      ['eth_getBlockReceipts', block],
      ['eth_getBlockReceipts', hash],
      ['eth_getBlockTransactionCountByNumber', block],
      ['eth_getBlockTransactionCountByHash', hash],
      ['eth_getTransactionByBlockNumberAndIndex', block, '0x0'],
      ['eth_getTransactionByBlockHashAndIndex', hash, '0x0'],
      ['eth_getBalance', token, block],
      ['eth_getBalance', token, { blockHash: hash }],
      ['eth_getStorageAt', token, '0x0', block],
      ['eth_call', { to: token }, block],
      ['eth_estimateGas', { to: token }, block],
      ['eth_getLogs', { fromBlock: block, toBlock: 'latest' }],
      ['eth_getLogs', { blockHash: hash }],
      ['zkevm_getProof', token, [], block],
      ['zkevm_getFullBlockByNumber', block, false],
      ['zkevm_getFullBlockByHash', hash, false],
      ['zkevm_getNativeBlockHashesInRange', { fromBlock: block, toBlock: 'latest' }],
      ['zkevm_getWitness', block],
      ['debug_traceBlockByNumber', block],
      ['debug_traceBlockByHash', hash],
      ['debug_traceCall', { to: token }, block],
      ['debug_getRawBlock', block],
      ['debug_getModifiedAccountsByNumber', block],
      ['debug_storageRangeAt', hash, 0, token, '0x0', 1],
      ['trace_block', block],
      ['trace_filter', { fromBlock: block }],
      ['eth_feeHistory', '0x1', block, []],
      ['ots_getBlockDetails', block],
    ]
    for (const call of calls) expect((await pruned.ask(...call)).error, call.join()).toEqual(gone)
  }
  const { result: first } = await whole.ask('zkevm_getFullBlockByNumber', '0x2', true)
  const [transaction] = (first as { transactions: { hash: string; l2Hash: string; from: string }[] }).transactions
  const { hash, l2Hash, from } = transaction!
  const calls: [string, ...unknown[]][] = [
    ['eth_getTransactionByHash', hash],
    ['eth_getRawTransactionByHash', hash],
    ['eth_getTransactionReceipt', hash],
    ['eth_getTransactionBySenderAndNonce', from, '0x0'],
    ['zkevm_getTransactionByL2Hash', l2Hash],
    ['zkevm_getTransactionReceiptByL2Hash', l2Hash],
    ['debug_traceTransaction', hash],
    ['debug_getRawTransaction', hash],
    ['trace_transaction', hash],
    ['ots_traceTransaction', hash],
    ['ots_getContractCreator', token],
    ['zkevm_getBatchByNumber', '0x0', false],
    ['zkevm_getBatchByNumber', hex(oldest.batch - 1), true],
    ['zkevm_getBatchDataByNumbers', { numbers: [hex(oldest.batch - 1)] }],
    ['zkevm_getBatchCountersByNumber', hex(oldest.batch - 1)],
    ['zkevm_getBatchWitness', hex(oldest.batch - 1)],
    ['debug_traceBatchByNumber', hex(oldest.batch - 1)],
  ]
  for (const call of calls) expect((await pruned.ask(...call)).error, call.join()).toEqual(gone)
})

test('tags, unknown hashes and what L1 said of old batches are as before', async () => {
  const { result } = await pruned.ask('eth_getBlockByNumber', 'earliest', false)
  expect((result as { number: string }).number).toBe(hex(oldest.block))
  const unknown = `0x${'12'.repeat(32)}`
  for (const call of [
    ['eth_getTransactionByHash', unknown],
    ['eth_getTransactionReceipt', unknown],
    ['eth_getBlockByHash', unknown, false],
    ['eth_getBlockByNumber', hex(head + 1), false],
    ['eth_syncing'],
    ['zkevm_getBatchStatus', '0x5'],
    ['zkevm_getForkIdByBatchNumber', '0x5'],
    ['zkevm_batchNumberByBlockNumber', '0x5'],
    ['zkevm_isBlockConsolidated', '0x5'],
    ['eth_getTransactionBySenderAndNonce', `0x${'12'.repeat(20)}`, '0x0'],
  ] as [string, ...unknown[]][])
    expect(await pruned.ask(...call), call.join()).toEqual(await whole.ask(...call))
  const history = (await pruned.ask('eth_feeHistory', hex(head), 'latest', [])).result
  expect((history as { oldestBlock: string }).oldestBlock).toBe(hex(oldest.block))
})

test('the two nodes are compared in what both have', async () => {
  const asking =
    ({ ask }: Api): NodeRpc =>
    async (...call) =>
      (await ask(...call)).result
  const compare = async () => {
    const nodes = { ours: asking(pruned), theirs: asking(whole) }
    return await verifyAgainst({ ...nodes, onProgress: () => {} })
  }
  const result = await compare()
  expect(result).toMatchObject({ fromBlock: oldest.block, toBlock: head, fromBatch: oldest.batch, differences: [] })
  expect(result.compared.blocks).toBe(head - oldest.block + 1)
  await pruned.node.db.execute(
    sql`update state.transactions set gas_used = 1 where block_number = ${head - 1} and tx_index = 0`,
  )
  const [difference] = (await compare()).differences
  expect(difference).toMatchObject({ field: 'gasUsed', ours: '0x1' })
})
