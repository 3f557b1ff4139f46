import { eq } from 'drizzle-orm'
import { JsonRpcProvider, Wallet } from 'ethers'
import { createPublicClient, createWalletClient, defineChain, http, parseEther, parseGwei } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { cursors } from '#db/schema.ts'
import { Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { addBlock, call, startTestApi, TEST_CHAIN_ID, type TestApi } from './testServer.ts'

const key = `0x${'11'.repeat(32)}` as const
const account = privateKeyToAccount(key)
const sender = Address(account.address)
const gasPrice = parseGwei('1')

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ balances: { [sender]: parseEther('10') } })
})
afterAll(() => api?.close())

const chainOf = () =>
  defineChain({
    id: TEST_CHAIN_ID,
    name: 'test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [api.url] } },
  })

function sign(fields: { nonce: number; value?: bigint; gas?: bigint; gasPrice?: bigint; chainId?: number }) {
  return account.signTransaction({
    type: 'legacy',
    chainId: TEST_CHAIN_ID,
    to: addressOf(0xbeef),
    gas: 21_000n,
    gasPrice,
    ...fields,
  })
}
const send = async (fields: Parameters<typeof sign>[0]) => call(api.url, 'eth_sendRawTransaction', await sign(fields))

describe('a network with nothing but genesis', () => {
  test('viem reads chain, block and balance', async () => {
    const client = createPublicClient({ chain: chainOf(), transport: http() })
    expect(await client.getChainId()).toBe(TEST_CHAIN_ID)
    expect(await client.getBlockNumber()).toBe(0n)
    expect(await client.getBalance({ address: account.address })).toBe(parseEther('10'))
    const block = await client.getBlock()
    expect(block.baseFeePerGas).toBeNull()
    expect(block.transactions).toEqual([])
    expect(await client.getCode({ address: account.address })).toBeUndefined()
    expect(await client.getGasPrice()).toBe(gasPrice)
  })

  test('ethers finds network and fees of a legacy chain', async () => {
    const provider = new JsonRpcProvider(api.url)
    expect((await provider.getNetwork()).chainId).toBe(BigInt(TEST_CHAIN_ID))
    const fees = await provider.getFeeData()
    expect(fees).toMatchObject({ gasPrice, maxFeePerGas: null })
    provider.destroy()
  })

  test('an unknown block is null, its state an error', async () => {
    expect((await call(api.url, 'eth_getBlockByNumber', '0x99', false)).result).toBeNull()
    expect((await call(api.url, 'eth_getBlockByHash', hashOf(7), false)).result).toBeNull()
    expect((await call(api.url, 'eth_getBalance', sender, '0x99')).error).toEqual({
      code: -32000,
      message: 'header not found',
    })
    expect((await call(api.url, 'eth_getBalance', sender, { blockHash: hashOf(7) })).error?.message).toBe(
      'header for hash not found',
    )
  })
})

describe('sending', () => {
  test('each refusal has the text and code of geth, and stores nothing', async () => {
    const refused = async (fields: Parameters<typeof sign>[0]) => (await send(fields)).error
    expect(await refused({ nonce: 0, chainId: 5 })).toEqual({
      code: -32000,
      message: 'invalid chain id: have 5 want 1001',
    })
    expect((await refused({ nonce: 0, value: parseEther('11') }))?.message).toMatch(
      /^insufficient funds for gas \* price \+ value: /,
    )
    expect((await refused({ nonce: 64 }))?.message).toMatch(/^nonce too high/)
    expect((await refused({ nonce: 0, gas: 20_999n }))?.message).toMatch(/^intrinsic gas too low/)
    expect((await refused({ nonce: 0, gas: 30_000_001n }))?.message).toBe('exceeds block gas limit')
    expect((await refused({ nonce: 0, gasPrice: 1n }))?.message).toMatch(/^transaction underpriced/)
    const typed = await account.signTransaction({
      chainId: TEST_CHAIN_ID,
      to: addressOf(1),
      gas: 21_000n,
      maxFeePerGas: gasPrice,
      nonce: 0,
    })
    expect((await call(api.url, 'eth_sendRawTransaction', typed)).error).toEqual({
      code: -32000,
      message: 'transaction type not supported',
    })
    expect((await call(api.url, 'eth_sendRawTransaction', '0xc0')).error?.code).toBe(-32602)
    expect((await call(api.url, 'txpool_status')).result).toEqual({ pending: '0x0', queued: '0x0' })
  })

  test('an accepted transaction is found at once, counted as pending, and known when sent again', async () => {
    const client = createWalletClient({ chain: chainOf(), transport: http(), account })
    const hash = await client.sendTransaction({
      to: addressOf(0xbeef),
      value: 5n,
      gas: 21_000n,
      gasPrice,
      nonce: 0,
      type: 'legacy',
    })
    const found = (await call(api.url, 'eth_getTransactionByHash', hash)).result
    expect(found).toMatchObject({
      hash,
      from: sender,
      nonce: '0x0',
      blockHash: null,
      blockNumber: null,
      value: '0x5',
      type: '0x0',
    })
    expect((await call(api.url, 'eth_getTransactionCount', sender, 'pending')).result).toBe('0x1')
    expect((await call(api.url, 'eth_getTransactionCount', sender)).result).toBe('0x0')
    expect((await send({ nonce: 0, value: 5n })).error).toEqual({ code: -32000, message: 'already known' })
    expect((await call(api.url, 'eth_getTransactionReceipt', hash)).result).toBeNull()
  })

  test('a gap stops the pending count and shows as queued', async () => {
    await send({ nonce: 2 })
    expect((await call(api.url, 'eth_getTransactionCount', sender, 'pending')).result).toBe('0x1')
    expect((await call(api.url, 'txpool_status')).result).toEqual({ pending: '0x1', queued: '0x1' })
    const content = (await call(api.url, 'txpool_contentFrom', sender)).result as Record<string, object>
    expect(Object.keys(content['pending']!)).toEqual(['0'])
    expect(Object.keys(content['queued']!)).toEqual(['2'])
    await send({ nonce: 1 })
    expect((await call(api.url, 'eth_getTransactionCount', sender, 'pending')).result).toBe('0x3')
  })

  test('a replacement needs a tenth more', async () => {
    expect((await send({ nonce: 1, gasPrice: (gasPrice * 109n) / 100n })).error?.message).toBe(
      'replacement transaction underpriced',
    )
    const { result } = await send({ nonce: 1, gasPrice: (gasPrice * 110n) / 100n })
    expect(result).toMatch(/^0x/)
    expect((await call(api.url, 'txpool_status')).result).toEqual({ pending: '0x3', queued: '0x0' })
  })

  test('members of a batch are admitted in their order', async () => {
    const raws = await Promise.all([3, 4, 5, 4].map((nonce) => sign({ nonce })))
    const body = raws.map((raw, id) => ({ jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [raw] }))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(api.url, { method: 'POST', headers, body: JSON.stringify(body) })
    const answers = (await response.json()) as { id: number; result?: string; error?: object }[]
    expect(answers.map(({ id }) => id)).toEqual([0, 1, 2, 3])
    expect(answers.slice(0, 3).every(({ result }) => result !== undefined)).toBe(true)
    expect(answers[3]?.error).toEqual({ code: -32000, message: 'already known' })
    expect((await call(api.url, 'eth_getTransactionCount', sender, 'pending')).result).toBe('0x6')
  })
})

describe('a mined transaction', () => {
  const topic = Hash(`0x${'ab'.repeat(32)}`)
  let hash: Hash
  beforeAll(async () => {
    const raw = await sign({ nonce: 0, value: 5n })
    const wallet = new Wallet(key)
    expect(wallet.address).toBe(account.address)
    hash = Hash((await import('viem')).keccak256(raw))
    await addBlock(api.db, 1, {
      block: { gasUsed: 21_000, l1InfoIndex: 0 },
      transactions: [
        {
          hash,
          sender,
          recipient: addressOf(0xbeef),
          nonce: 0,
          raw: hexToBytes(raw),
          l2Hash: hashOf(5),
          effectivePercentage: 255,
          effectiveGasPrice: gasPrice,
          status: 1,
          gasUsed: 21_000,
          cumulativeGasUsed: 21_000,
        },
      ],
      logs: [
        { logIndex: 0, txIndex: 0, txHash: hash, address: addressOf(0xbeef), topic0: topic, data: new Uint8Array(3) },
      ],
      changes: {
        accounts: new Map([[sender, { nonce: 1n, balance: 7n, codeHash: ZERO_HASH, codeSize: 0 }]]),
        storage: [{ address: addressOf(0xbeef), slot: 3n, value: 9n }],
        codes: new Map(),
      },
    })
  })

  test('is in its block, with a receipt, for viem and ethers', async () => {
    const client = createPublicClient({ chain: chainOf(), transport: http() })
    const receipt = await client.waitForTransactionReceipt({ hash, timeout: 5000 })
    expect(receipt).toMatchObject({ status: 'success', blockNumber: 1n, gasUsed: 21_000n, effectiveGasPrice: gasPrice })
    expect(receipt.logs).toHaveLength(1)
    expect(receipt.logs[0]).toMatchObject({ topics: [topic], data: '0x000000', logIndex: 0 })
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(1n)
    const provider = new JsonRpcProvider(api.url)
    const transaction = await provider.getTransaction(hash)
    expect(transaction).toMatchObject({
      blockNumber: 1,
      from: account.address,
      value: 5n,
      chainId: BigInt(TEST_CHAIN_ID),
    })
    expect((await provider.getBlock(1, true))?.prefetchedTransactions[0]?.hash).toBe(hash)
    provider.destroy()
  })

  test('left the pool and cannot be sent again', async () => {
    expect((await send({ nonce: 0, value: 5n })).error?.message).toBe('already known')
    expect((await send({ nonce: 0, value: 6n })).error?.message).toBe('nonce too low: next nonce 1, tx nonce 0')
  })

  test('state is that of the block asked for', async () => {
    expect((await call(api.url, 'eth_getBalance', sender, '0x0')).result).toBe('0x8ac7230489e80000')
    expect((await call(api.url, 'eth_getBalance', sender, 'latest')).result).toBe('0x7')
    expect((await call(api.url, 'eth_getStorageAt', addressOf(0xbeef), '0x3')).result).toBe(hashOf(9))
    expect((await call(api.url, 'eth_getStorageAt', addressOf(0xbeef), '0x3', '0x0')).result).toBe(ZERO_HASH)
  })

  test('counts, positions, receipts and fees of its block', async () => {
    const blockHash = hashOf(1001)
    expect((await call(api.url, 'eth_getBlockTransactionCountByNumber', '0x1')).result).toBe('0x1')
    expect((await call(api.url, 'eth_getTransactionByBlockHashAndIndex', blockHash, '0x0')).result).toMatchObject({
      hash,
    })
    expect((await call(api.url, 'eth_getTransactionByBlockNumberAndIndex', '0x1', '0x1')).result).toBeNull()
    expect((await call(api.url, 'eth_getUncleCountByBlockHash', blockHash)).result).toBe('0x0')
    expect((await call(api.url, 'eth_getUncleCountByBlockHash', hashOf(1))).result).toBeNull()
    expect((await call(api.url, 'eth_getBlockReceipts', '0x1')).result).toHaveLength(1)
    expect((await call(api.url, 'eth_feeHistory', '0x2', 'latest', [50])).result).toMatchObject({
      oldestBlock: '0x0',
      baseFeePerGas: ['0x0', '0x0', '0x0'],
      reward: [['0x0'], ['0x3b9aca00']],
    })
  })

  test('its batch has the shape of zkevm-node', async () => {
    const { result } = await call(api.url, 'zkevm_getBatchByNumber', '0x1', true)
    expect(result).toMatchObject({
      number: '0x1',
      closed: false,
      stateRoot: hashOf(2001),
      sendSequencesTxHash: null,
      batchL2Data: '0x000000000000000000',
      blocks: [{ hash: hashOf(1001), transactions: [hash], blockInfoRoot: hashOf(3001) }],
      transactions: [{ hash, l2Hash: hashOf(5), receipt: { transactionHash: hash } }],
    })
    expect((await call(api.url, 'zkevm_getBatchByNumber', '0x2')).result).toBeNull()
    expect((await call(api.url, 'zkevm_batchNumber')).result).toBe('0x1')
    expect((await call(api.url, 'zkevm_virtualBatchNumber')).result).toBe('0x0')
    expect((await call(api.url, 'zkevm_batchNumberByBlockNumber', '0x1')).result).toBe('0x1')
    expect((await call(api.url, 'zkevm_batchNumberByBlockNumber', '0x9')).result).toBeNull()
    expect((await call(api.url, 'zkevm_isBlockVirtualized', '0x1')).result).toBe(false)
    expect((await call(api.url, 'zkevm_isBlockConsolidated', '0x0')).result).toBe(true)
    expect((await call(api.url, 'zkevm_consolidatedBlockNumber')).result).toBe('0x0')
    expect((await call(api.url, 'zkevm_getForkId')).result).toBe('0x9')
  })
})

test('health is told on the RPC port', async () => {
  expect((await fetch(`${api.url}/live`)).status).toBe(200)
  const ready = await fetch(`${api.url}/ready`)
  expect(ready.status).toBe(200)
  expect(await ready.json()).toMatchObject({ status: 'ready', checks: { database: { ok: true } } })
  expect((await fetch(`${api.url}/metrics`)).status).toBe(404) // for operators alone
  expect(await api.server.readMetrics()).toContain(
    'rpc_requests_total{method="eth_chainId",transport="http",outcome="ok"}',
  )
})

test('refused transactions are counted by reason', async () => {
  expect((await call(api.url, 'eth_sendRawTransaction', '0x02c0')).error).toBeDefined()
  expect(await api.server.readMetrics()).toContain('pool_rejected_total{reason="unsupportedType"} ')
})

test('a node that still reads L1 says how far it is, and when it will be there', async () => {
  expect((await call(api.url, 'eth_syncing')).result).toBe(false)
  const at = (seconds: number) => new Date(1_700_000_000_000 + 1000 * seconds)
  await api.db.insert(cursors).values([
    { name: 'synchronizer-start', position: 100, target: 1000, updatedAt: at(0) },
    { name: 'synchronizer', position: 400, target: 1000, updatedAt: at(30) },
  ])
  expect((await call(api.url, 'eth_syncing')).result).toEqual({
    ...{ startingBlock: '0x0', currentBlock: '0x1', highestBlock: '0x1' },
  })
  expect((await call(api.url, 'zkevm_syncStatus')).result).toMatchObject({
    ...{ l1Processed: '0x190', l1Head: '0x3e8', synced: false, halted: true },
    haltReason: expect.stringMatching(/^nothing was read of L1 for \d+ s$/),
  })
  await api.db.update(cursors).set({ position: 1000 }).where(eq(cursors.name, 'synchronizer'))
  expect((await call(api.url, 'eth_syncing')).result).toBe(false)
})

test('transport refusals carry a JSON-RPC error', async () => {
  const wrongType = await fetch(api.url, { method: 'POST', body: '{}' })
  expect(wrongType.status).toBe(415)
  const headers = { 'content-type': 'application/json' }
  const large = await fetch(api.url, { method: 'POST', headers, body: ' '.repeat(5 * 1024 * 1024 + 1) })
  expect(large.status).toBe(413)
  expect(await large.json()).toMatchObject({ id: null, error: { code: -32600 } })
  const notification = await fetch(api.url, {
    method: 'POST',
    headers,
    body: '{"jsonrpc":"2.0","method":"eth_chainId"}',
  })
  expect(notification.status).toBe(204)
  expect((await fetch(api.url)).status).toBe(200)
})
