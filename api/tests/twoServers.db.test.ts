import { parseEther, parseGwei } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Address, type Hash } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import type { ApiServer } from '../server.ts'
import { addBlock, call, startApiOn, startTestApi, TEST_CHAIN_ID, type TestApi } from './testServer.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const sender = Address(account.address)
const contract = addressOf(0xbeef)
let api: TestApi
let second: ApiServer
let turn = 0

beforeAll(async () => {
  api = await startTestApi({ balances: { [sender]: parseEther('10') } })
  second = await startApiOn(api.databaseUrl)
})
afterAll(async () => {
  await second?.stop()
  await api?.close()
})

/** Asks the two in turns, as a balancer does. */
async function ask(method: string, ...params: unknown[]): Promise<unknown> {
  const url = turn++ % 2 === 0 ? api.url : `http://127.0.0.1:${second.port}`
  const { result, error } = await call(url, method, ...params)
  expect(error).toBeUndefined()
  return result
}

const send = async (nonce: number) =>
  await ask(
    'eth_sendRawTransaction',
    await account.signTransaction({
      ...{ type: 'legacy', chainId: TEST_CHAIN_ID, to: contract, gas: 21_000n, gasPrice: parseGwei('1'), nonce },
    }),
  )

async function addLogBlock(number: number): Promise<Hash> {
  const hash = hashOf(0xf000 + number)
  await addBlock(api.db, number, {
    block: { logsBloom: new Uint8Array(256) },
    transactions: [
      {
        ...{ hash, sender: addressOf(1), recipient: contract, nonce: number, raw: new Uint8Array(1), l2Hash: hash },
        ...{ effectivePercentage: 255, effectiveGasPrice: 1n, status: 1, gasUsed: 1, cumulativeGasUsed: 1 },
      },
    ],
    logs: [{ logIndex: 0, txIndex: 0, txHash: hash, address: contract, topic0: hash, data: new Uint8Array() }],
  })
  return hash
}

test('pending nonces and waiting transactions are the same on both', async () => {
  for (const nonce of [0, 1, 2, 3]) {
    const hash = await send(nonce)
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ hash, blockHash: null })
    expect(await ask('eth_getTransactionCount', sender, 'pending')).toBe(`0x${nonce + 1}`)
  }
  await send(5) // behind a gap
  const [one, other] = [await ask('txpool_content'), await ask('txpool_content')]
  expect(one).toEqual(other)
  expect(await ask('eth_getTransactionCount', sender, 'pending')).toBe('0x4')
  const texts = (await ask('txpool_inspect')) as { pending: Record<string, object>; queued: Record<string, object> }
  expect(texts.queued).toEqual({ [sender]: { 5: `${contract}: 0 wei + 21000 gas × 1000000000 wei` } })
  expect(Object.keys(texts.pending[sender]!)).toEqual(['0', '1', '2', '3'])
  expect(((await ask('eth_pendingTransactions')) as { nonce: string }[]).map(({ nonce }) => nonce)).toEqual([
    ...['0x0', '0x1', '0x2', '0x3'],
  ])
  expect(await ask('eth_getTransactionBySenderAndNonce', sender, '0x5')).toMatchObject({
    nonce: '0x5',
    blockHash: null,
  })
})

test('a filter made on one is served by the other, and each item comes once', async () => {
  const logs = await ask('eth_newFilter', { address: contract })
  const blocks = await ask('eth_newBlockFilter')
  const pending = await ask('eth_newPendingTransactionFilter')
  const waiting = await send(6)
  const hashes = [await addLogBlock(1), await addLogBlock(2)]
  // Both know of a block that either was asked for.
  for (let i = 0; i < 2; i++) expect(await ask('eth_getBlockByNumber', '0x2', false)).toMatchObject({ number: '0x2' })
  const changes = (await ask('eth_getFilterChanges', logs)) as { transactionHash: string; removed: boolean }[]
  expect(changes.map(({ transactionHash }) => transactionHash)).toEqual(hashes)
  expect(await ask('eth_getFilterChanges', logs)).toEqual([])
  expect(await ask('eth_getFilterChanges', blocks)).toEqual([hashOf(1001), hashOf(1002)])
  expect(await ask('eth_getFilterChanges', blocks)).toEqual([])
  expect(await ask('eth_getFilterChanges', pending)).toEqual([waiting])
  expect(await ask('eth_getFilterChanges', pending)).toEqual([])
  await addLogBlock(3)
  for (let i = 0; i < 2; i++) expect(await ask('eth_getBlockByNumber', '0x3', false)).toMatchObject({ number: '0x3' })
  const all = (await ask('eth_getFilterLogs', logs)) as { blockNumber: string }[]
  expect(all.map(({ blockNumber }) => blockNumber)).toEqual(['0x3']) // latest to latest
  expect(await ask('eth_uninstallFilter', logs)).toBe(true)
  expect(await ask('eth_uninstallFilter', logs)).toBe(false)
})

test('reads are the same on both', async () => {
  const questions: [string, ...unknown[]][] = [
    ['eth_blockNumber'],
    ['eth_getBlockByNumber', 'latest', false],
    ['eth_getLogs', { fromBlock: '0x0' }],
    ['eth_getBalance', sender, 'latest'],
    ['eth_getBlockReceipts', '0x2'],
    ['zkevm_getBatchByNumber', 'pending', false],
    ['eth_feeHistory', '0x3', 'latest', [50]],
  ]
  for (const question of questions) expect(await ask(...question)).toEqual(await ask(...question))
})
