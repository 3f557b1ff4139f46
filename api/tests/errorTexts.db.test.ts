import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { blockedAddresses } from '#db/schema.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { Address, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { vectorsFolder } from '#test/vectors/load.ts'
import type { ApiServer } from '../server.ts'
import { addBlock, type RpcAnswer, startApiOn, startTestApi, TEST_CHAIN_ID, type TestApi } from './testServer.ts'
import { startTestWire } from './testWire.ts'

/** The API's specification, where it is at hand. */
const SPECIFICATION = join(vectorsFolder(), '..', 'rpc.md')
const gasPrice = 10n ** 9n
const ether = 10n ** 18n
const signerOf = (digits: string) => privateKeyToAccount(`0x${digits.repeat(32)}`)
const [mined, waiting, eager, poor, blocked, contract] = ['11', '12', '13', '14', '15', '16'].map(signerOf)
const [reverts, halts, loops, logs] = [0xc0, 0xc1, 0xc2, 0xc3].map(addressOf)
// Error("no"): selector, offset 32, length 2, text
const REVERTS_WITH_REASON = `0x6308c379a060e01b600052602060045260026024527f6e6f${'00'.repeat(30)}60445260646000fd`

let api: TestApi
let strict: ApiServer
let follower: ApiServer
let minedHash: string

beforeAll(async () => {
  api = await startTestApi({
    balances: Object.fromEntries([mined, waiting, eager, blocked].map((each) => [Address(each!.address), ether])),
    contracts: {
      [reverts!]: hexToBytes(REVERTS_WITH_REASON),
      [halts!]: hexToBytes('0xfe'),
      [loops!]: hexToBytes('0x5b600056'),
      [Address(contract!.address)]: hexToBytes('0x00'),
    },
    config: {
      rpc: { namespaces: ['eth', 'zkevm', 'debug'], batch: { limit: 2 }, maxLogs: 1, maxLogBlockRange: 1 },
      pool: { accountQueue: 2, maxTransactionDataBytes: 10 },
    },
  })
  strict = await startApiOn(api.databaseUrl, {
    rpc: { strictTags: true, maxAnswerLength: 1000 },
    pool: { globalQueue: 1, allowUnprotected: false },
  })
  follower = await startApiOn(api.databaseUrl, {
    ...{ role: 'permissionless', trustedSequencer: { rpcUrl: 'http://127.0.0.1:1' } },
  })
  await api.db.insert(blockedAddresses).values({ address: Address(blocked!.address) })
  minedHash = await addMinedTransaction()
})
afterAll(async () => {
  await follower?.stop()
  await strict?.stop()
  await api?.close()
})

/** Block 1: a transfer with two logs that no execution has made. */
async function addMinedTransaction() {
  const raw = hexToBytes(await sign(mined!, {}))
  const hash = keccakHex(raw)
  const account = { nonce: 1n, balance: ether, codeHash: ZERO_HASH, codeSize: 0 }
  const log = { txIndex: 0, txHash: hash, address: logs!, topic0: hashOf(7), data: new Uint8Array() }
  await addBlock(api.db, 1, {
    block: { logsBloom: new Uint8Array(256) },
    transactions: [
      {
        ...{ hash, sender: Address(mined!.address), recipient: addressOf(0xbeef), nonce: 0, raw, l2Hash: hashOf(5) },
        ...{ effectivePercentage: 255, effectiveGasPrice: gasPrice, status: 1 },
        ...{ gasUsed: 21_000, cumulativeGasUsed: 21_000 },
      },
    ],
    logs: [0, 1].map((logIndex) => ({ ...log, logIndex })),
    changes: { accounts: new Map([[Address(mined!.address), account]]), storage: [], codes: new Map() },
  })
  return hash
}

type Fields = Partial<Record<'nonce' | 'chainId', number>> &
  Partial<Record<'value' | 'gas' | 'gasPrice', bigint>> & { data?: `0x${string}` }

const sign = (signer: ReturnType<typeof signerOf>, fields: Fields) =>
  signer.signTransaction({
    ...{ type: 'legacy', chainId: TEST_CHAIN_ID, to: addressOf(0xbeef), nonce: 0, gas: 30_000n, gasPrice, ...fields },
  })

async function post(url: string, body: unknown): Promise<RpcAnswer> {
  const response = await fetch(url, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return (await response.json()) as RpcAnswer
}
const ask = (method: string, ...params: unknown[]) => askAt(api.server, method, ...params)
const askAt = ({ port }: ApiServer, method: string, ...params: unknown[]) =>
  post(`http://127.0.0.1:${port}`, { jsonrpc: '2.0', id: 1, method, params })
const send = async (signer: ReturnType<typeof signerOf> | undefined, fields: Fields = {}, server = api.server) =>
  askAt(server, 'eth_sendRawTransaction', await sign(signer!, fields))
const sendTwice = async (first: Fields, second: Fields) => {
  expect(await send(waiting, first)).not.toHaveProperty('error.code', -32602)
  return await send(waiting, second)
}
const chainId = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' })

async function askWire(options: Parameters<typeof startTestWire>[1], requests: number): Promise<RpcAnswer> {
  const { url, wire } = await startTestWire([], options)
  let last: RpcAnswer | undefined
  for (let count = 0; count < requests; count += 1) last = await post(url, chainId)
  await wire.close()
  return last!
}

async function fillFilters(): Promise<RpcAnswer> {
  for (let count = 0; count < 100; count += 1) await ask('eth_newBlockFilter')
  return await ask('eth_newBlockFilter')
}

type Provocation = readonly [code: number, message: string | RegExp, provoke: () => Promise<RpcAnswer>]

/** The texts that clients match, each with a request that is answered with it. */
const PROVOCATIONS: readonly Provocation[] = [
  [-32700, 'parse error', () => post(api.url, '{')],
  [-32600, 'invalid request', () => post(api.url, '5')],
  [-32600, 'empty batch', () => post(api.url, [])],
  [-32600, 'batch too large', () => post(api.url, `[${chainId},${chainId},${chainId}]`)],
  [-32601, 'the method eth_nope does not exist/is not available', () => ask('eth_nope')],
  [-32601, 'notifications not supported', () => ask('eth_subscribe', 'newHeads')],
  [-32602, 'missing value for required argument 1', () => ask('eth_getStorageAt', reverts)],
  [-32602, 'invalid argument 0: hex string of 20 bytes expected for an address', () => ask('eth_getBalance', '0x1')],
  [-32602, 'too many arguments, want at most 0', () => ask('eth_chainId', 1)],
  [-32602, 'invalid block range params', () => ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x0' })],
  [
    ...([-32602, 'block range extends beyond current head block'] as const),
    () => askAt(strict, 'eth_getLogs', { fromBlock: '0x0', toBlock: '0x99' }),
  ],
  [
    ...([-32602, 'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other'] as const),
    () => ask('eth_getLogs', { fromBlock: '0x1', blockHash: hashOf(1) }),
  ],
  [-32602, 'logs are limited to a 1 block range', () => ask('eth_getLogs', { fromBlock: '0x0', toBlock: '0x1' })],
  [-32602, 'query returned more than 1 results', () => ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x1' })],
  [
    ...([-32602, 'native block hashes are limited to a 60000 block range'] as const),
    () => ask('zkevm_getNativeBlockHashesInRange', { fromBlock: '0x1', toBlock: '0xea61' }),
  ],
  [-32603, 'internal error', () => ask('debug_traceTransaction', minedHash)],
  [3, 'execution reverted: no', () => ask('eth_call', { to: reverts })],
  [3, 'execution reverted', () => ask('eth_call', { data: '0x60006000fd' })],
  [-32000, 'nonce too low: next nonce 1, tx nonce 0', () => send(mined, { gas: 40_000n })],
  [-32000, 'nonce too high: next nonce 1, tx nonce 3', () => send(mined, { nonce: 3 })],
  [
    ...([
      -32000,
      /^insufficient funds for gas \* price \+ value: balance 0, tx cost 30000000000000, overshot/,
    ] as const),
    () => send(poor),
  ],
  [-32000, 'already known', () => sendTwice({}, {})],
  [-32000, 'replacement transaction underpriced', () => sendTwice({}, { gas: 31_000n })],
  [-32000, 'transaction underpriced: gas price 1, minimum needed 1000000000', () => send(eager, { gasPrice: 1n })],
  [-32000, 'intrinsic gas too low: gas 20999, minimum needed 21000', () => send(eager, { gas: 20_999n })],
  [-32000, 'exceeds block gas limit', () => send(eager, { gas: 30_000_001n })],
  [-32000, 'invalid chain id: have 5 want 1001', () => send(eager, { chainId: 5 })],
  [-32000, 'invalid sender: sender is a contract', () => send(contract)],
  [
    ...([-32000, 'transaction type not supported'] as const),
    async () =>
      ask(
        'eth_sendRawTransaction',
        await eager!.signTransaction({ chainId: TEST_CHAIN_ID, nonce: 0, gas: 21_000n, maxFeePerGas: gasPrice }),
      ),
  ],
  [-32000, /^oversized data: transaction size \d+, limit 100132$/, () => send(eager, { data: `0x${'00'.repeat(11)}` })],
  [-32000, 'txpool is full', () => send(waiting, { nonce: 1 }, strict)],
  [
    ...([-32000, 'account has reached the tx limit in the txpool: 2 transactions wait'] as const),
    async () => {
      await sendTwice({}, { nonce: 1 })
      return await send(waiting, { nonce: 2 })
    },
  ],
  [-32000, 'blocked sender', () => send(blocked)],
  [-32000, 'out of counters: steps', () => ask('eth_estimateGas', { to: loops })],
  [-32000, 'out of gas', () => ask('eth_call', { to: loops, gas: '0x186a0' })],
  [-32000, 'invalid opcode', () => ask('eth_call', { to: halts })],
  [
    ...([-32000, 'gas uint64 overflow: gas 18446744073709551616'] as const),
    () => ask('eth_call', { to: halts, gas: '0x10000000000000000' }),
  ],
  [
    ...([-32000, 'max priority fee per gas higher than max fee per gas'] as const),
    () => ask('eth_call', { to: halts, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }),
  ],
  [
    ...([-32000, 'only replay-protected (EIP-155) transactions allowed over RPC'] as const),
    async () => {
      const unprotected = { type: 'legacy', to: addressOf(1), nonce: 0, gas: 21_000n, gasPrice } as const
      return askAt(strict, 'eth_sendRawTransaction', await eager!.signTransaction(unprotected))
    },
  ],
  [-32000, 'filter not found', () => ask('eth_getFilterChanges', '0x1')],
  [-32000, 'header not found', () => ask('eth_getBalance', reverts, '0x99')],
  [-32000, 'header for hash not found', () => ask('eth_getBalance', reverts, hashOf(9))],
  [-32000, 'transaction not found', () => ask('debug_traceTransaction', hashOf(9))],
  [
    ...([-32000, 'sequencer unavailable: the trusted sequencer does not answer, try again'] as const),
    () => send(eager, {}, follower),
  ],
  [
    ...([-32002, 'request timed out'] as const),
    () => ask('debug_traceCall', { to: loops }, 'latest', { tracer: 'noopTracer', timeout: '20ms' }),
  ],
  [-32002, 'node is starting', () => askWire({ isReady: false }, 1)],
  [-32003, 'response too large', () => askAt(strict, 'rpc.discover')],
  [-32004, 'method not supported: use zkevm_getProof', () => ask('eth_getProof', reverts, [], 'latest')],
  [-32005, 'rate limit exceeded', () => askWire({ rpc: { rateLimit: { perIp: 0.001, burst: 1 } } }, 2)],
  [-32005, 'busy: too many filters', () => fillFilters()],
  [-39001, 'Unknown block', () => askAt(strict, 'eth_getBlockByNumber', 'finalized', false)],
]

test.each(PROVOCATIONS)('%i %s', async (code, message, provoke) => {
  const { error } = await provoke()
  expect(error?.code).toBe(code)
  if (typeof message === 'string') expect(error?.message).toBe(message)
  else expect(error?.message).toMatch(message)
})

test.runIf(existsSync(SPECIFICATION))('that is all there are, but for history that was pruned: none is', () => {
  const texts = readFileSync(SPECIFICATION, 'utf8')
    .split('\n## ')
    .find((part) => part.startsWith('5. '))!
  const rows = texts.split('\n').flatMap((line) => {
    const [, code, messages] = /^\| (-?\d+) \| ([^|]+) \|/.exec(line) ?? []
    return messages === undefined ? [] : messages.split('; ').map((text) => ({ code: Number(code), text }))
  })
  const unprovoked = rows.filter(({ code, text }) => {
    const pattern = patternOf(text)
    return !PROVOCATIONS.some(([of, message]) => of === code && pattern.test(plain(message)))
  })
  expect(rows).toHaveLength(51)
  expect(unprovoked).toEqual([{ code: 4444, text: 'pruned history unavailable' }])
})

const plain = (message: string | RegExp) =>
  typeof message === 'string' ? message : message.source.replace(/^\^|\\(?=\W)/g, '')

/** Without remarks and what may follow; places for names and numbers match any. */
function patternOf(text: string): RegExp {
  const fixed = text.replace(/ \(only with [^)]*\)|\[.*\]|: …$|: (name|next nonce.*)$/g, '')
  const escaped = fixed.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\b[NMX]\b/g, '\\S+')}(: |$)`)
}
