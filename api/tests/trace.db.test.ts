import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { logs } from '#db/schema.ts'
import type { Receipt } from '#executor/blockBuilder.ts'
import { addressOfKey, sign } from '#executor/testing/chain.ts'
import { code } from '#executor/testing/memoryState.ts'
import { BlockNumber, Hash } from '#protocol/primitives.ts'
import { contractAddress, encodeRawTransaction } from '#protocol/transaction.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { until } from '#test/network.ts'
import { GAS_PRICE, SENDER_KEY, startApiOfExecutedBlocks } from './executedBlocks.fixture.ts'
import { call, TEST_CHAIN_ID, type TestApi } from './testServer.ts'

const sender = addressOfKey(SENDER_KEY)
const counter = addressOf(0x7070)
const outer = addressOf(0x7071)
const reverter = addressOf(0x7072)
const heir = addressOf(0xbeef)
const factory = addressOf(0x7074)
const created = contractAddress(outer, 1n)
const ZERO = 0x5f
const NO_DATA = [ZERO, ZERO, ZERO, ZERO]
const contracts = {
  [counter]: hexToBytes('0x60005460010160005560005460005260206000f3'), // returns ++slot0
  [outer]: code(
    ...[...NO_DATA, '01', '7070', 'ffff', 0xf1], // CALL(counter, 1 wei)
    ...[...NO_DATA, '02', 'ffff', 0xfa], // STATICCALL(sha256)
    ...[...NO_DATA, '7070', 'ffff', 0xf4], // DELEGATECALL(counter)
    ...[...NO_DATA, ZERO, '7072', 'ffff', 0xf1], // CALL(reverter)
    ...[ZERO, ZERO, '02', 0xf0], // CREATE of nothing with 2 wei
    ...['beef', 0xff],
  ),
  [reverter]: code('2a', ZERO, 0x52, '20', ZERO, 0xfd),
  [factory]: hexToBytes('0x6960fe60005360016000f3600052600a60166000f000'), // CREATE of one byte of code
}
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
const quantity = (value: number | bigint) => `0x${value.toString(16)}`

let api: TestApi
let chain: Awaited<ReturnType<typeof startApiOfExecutedBlocks>>
let receipts: readonly Receipt[]
let lastHash: string
let blockHash: string

beforeAll(async () => {
  chain = await startApiOfExecutedBlocks({ balances: { [sender]: 10n ** 18n }, contracts })
  api = chain.api
  receipts = await chain.addBlock([
    { to: counter, gasLimit: 100_000n },
    { to: outer, gasLimit: 500_000n, value: 10n },
    { to: reverter, gasLimit: 100_000n },
  ])
  const [last] = await chain.addBlock([{ to: counter, gasLimit: 100_000n }])
  lastHash = last!.txHash
  blockHash = ((await ask('eth_getBlockByNumber', '0x1', false)).result as { hash: string }).hash
})
afterAll(() => api?.close())

const ask = (method: string, ...params: unknown[]) => call(api.url, method, ...params)
const txHash = (index: number) => receipts[index]!.txHash

/** Calls of the second transaction: who, whom, value; the precompile is left out. */
const CALLS = [
  { type: 'call', action: { callType: 'call', from: sender, to: outer, value: '0xa' }, subtraces: 5, traceAddress: [] },
  { type: 'call', action: { callType: 'call', from: outer, to: counter, value: '0x1' }, traceAddress: [0] },
  { type: 'call', action: { callType: 'delegatecall', from: outer, to: counter }, traceAddress: [1] },
  {
    ...{ type: 'call', action: { callType: 'call', from: outer, to: reverter, value: '0x0' }, traceAddress: [2] },
    ...{ error: 'Reverted', result: { gasUsed: '0x10', output: word(0x2a) } },
  },
  {
    ...{ type: 'create', action: { from: outer, value: '0x2', init: '0x', creationMethod: 'create' } },
    ...{ result: { address: created, code: '0x', gasUsed: '0x0' }, traceAddress: [3] },
  },
  {
    ...{ type: 'suicide', action: { address: outer, balance: '0x7', refundAddress: heir }, traceAddress: [4] },
    result: null,
  },
]
const placed = (index: number) => ({
  ...{ blockHash, blockNumber: 1, transactionHash: txHash(index), transactionPosition: index },
})

describe('a search finds', () => {
  type Page = { txs: { hash: string }[]; firstPage: boolean; lastPage: boolean }
  const search = async (address: string, size = 10) => {
    const { result, error } = await ask('ots_searchTransactionsBefore', address, 0, size)
    return error ?? (result as Page).txs.map(({ hash }) => hash)
  }
  const searchAfter = async (address: string, block: number) =>
    ((await ask('ots_searchTransactionsAfter', address, block, 10)).result as Page).txs.map(({ hash }) => hash)

  test('who was called, made or paid inside of one of many transactions', async () => {
    expect(await search(heir)).toEqual([txHash(1)])
    expect(await search(created)).toEqual([txHash(1)])
    expect(await search(counter)).toEqual([lastHash, txHash(1), txHash(0)])
    expect(await search(counter, 1)).toEqual([lastHash])
    expect(await searchAfter(counter, 0)).toEqual([lastHash, txHash(1), txHash(0)])
    expect(await searchAfter(heir, 1)).toEqual([])
    expect(await search(reverter)).toEqual([txHash(2)])
  })

  test('without running blocks again who is known to be part of them', async () => {
    const broken = { blockNumber: BlockNumber(1), logIndex: 0, txIndex: 0, txHash: Hash(txHash(0)) }
    await api.db.insert(logs).values({ ...broken, address: addressOf(1), data: new Uint8Array() })
    expect(await search(sender)).toEqual([lastHash, txHash(2), txHash(1), txHash(0)])
    expect(await search(heir)).toMatchObject({ code: -32603 })
    await api.db.delete(logs)
    expect(await search(heir)).toEqual([txHash(1)])
  })
})

describe('calls of what is mined', () => {
  test('trace_transaction lists them in order', async () => {
    const { result } = await ask('trace_transaction', txHash(1))
    expect(result).toMatchObject(CALLS.map((each) => ({ ...each, ...placed(1) })))
    expect(result).toHaveLength(CALLS.length)
  })

  test('a call has gas without what the transaction costs to begin with', async () => {
    const gas = { gas: quantity(79_000), input: '0x', value: '0x0' }
    const used = receipts[0]!.gasUsed - 21_000
    expect((await ask('trace_transaction', txHash(0))).result).toEqual([
      {
        ...{ type: 'call', action: { callType: 'call', from: sender, to: counter, ...gas }, ...placed(0) },
        ...{ result: { gasUsed: quantity(used), output: word(1) }, subtraces: 0, traceAddress: [] },
      },
    ])
  })

  test('trace_block has those of all transactions; genesis and an empty block none', async () => {
    const { result } = await ask('trace_block', '0x1')
    const positions = (result as { transactionPosition: number }[]).map((each) => each.transactionPosition)
    expect(positions).toEqual([0, 1, 1, 1, 1, 1, 1, 2])
    expect((await ask('trace_block', 'earliest')).result).toEqual([])
  })

  test('trace_get finds one by its position', async () => {
    const at = (...position: string[]) => ask('trace_get', txHash(1), position).then(({ result }) => result)
    expect(await at('0x2')).toMatchObject(CALLS[3]!)
    expect(await at()).toMatchObject(CALLS[0]!)
    expect(await at('0x2', '0x0')).toBeNull()
  })

  test('an unknown transaction has none', async () => {
    for (const [method, params] of [
      ['trace_transaction', []],
      ['trace_get', [['0x0']]],
    ] as const)
      expect((await ask(method, hashOf(1), ...params)).result).toBeNull()
    expect((await ask('trace_block', '0x99')).error).toEqual({ code: -32000, message: 'header not found' })
  })
})

describe('trace_filter', () => {
  const found = async (filter: object) => {
    const { result } = await ask('trace_filter', filter)
    return (result as { blockNumber: number; transactionPosition: number; traceAddress: number[] }[]).map(
      ({ blockNumber, transactionPosition, traceAddress }) =>
        [blockNumber, transactionPosition, ...traceAddress].join(),
    )
  }

  test.each([
    ['all', {}, ['1,0', '1,1', '1,1,0', '1,1,1', '1,1,2', '1,1,3', '1,1,4', '1,2', '2,0']],
    ['a range', { fromBlock: '0x2', toBlock: 'latest' }, ['2,0']],
    ['to an address', { toAddress: [reverter] }, ['1,1,2', '1,2']],
    ['from an address', { fromAddress: [outer] }, ['1,1,0', '1,1,1', '1,1,2', '1,1,3', '1,1,4']],
    ['a created contract', { toAddress: [created] }, ['1,1,3']],
    ['the heir of an account', { toAddress: [heir] }, ['1,1,4']],
    ['either', { fromAddress: [sender], toAddress: [heir] }, ['1,0', '1,1', '1,1,4', '1,2', '2,0']],
    ['both', { fromAddress: [outer], toAddress: [reverter], mode: 'intersection' }, ['1,1,2']],
    ['a page', { fromAddress: [sender], after: 1, count: 2 }, ['1,1', '1,2']],
  ])('%s', async (_, filter, expected) => {
    expect(await found(filter)).toEqual(expected)
  })

  test.each([
    [{ fromBlock: '0x2', toBlock: '0x1' }, 'invalid block range params'],
    [{ mode: 'any' }, 'invalid argument 0: unknown mode'],
    [{ count: '0x1' }, 'invalid argument 0: count expected'],
    [{ toAddress: heir }, 'invalid argument 0: list expected'],
  ])('refuses %j', async (filter, message) => {
    expect((await ask('trace_filter', filter)).error).toEqual({ code: -32602, message })
  })
})

describe('replays', () => {
  test('give output and calls without their place', async () => {
    const { result } = await ask('trace_replayTransaction', txHash(2), ['trace'])
    const { output, trace, ...rest } = result as { output: string; trace: object[] }
    expect([output, rest]).toEqual([word(0x2a), { stateDiff: null, vmTrace: null }])
    expect(trace).toHaveLength(1)
    expect(trace[0]).not.toHaveProperty('blockHash')
  })

  test('give every instruction', async () => {
    const { result } = await ask('trace_replayTransaction', txHash(1), ['vmTrace'])
    const { vmTrace } = result as { vmTrace: { code: string; ops: { op: string; sub: { code: string } | null }[] } }
    expect(vmTrace.code).toBe(bytesToHex(contracts[outer]!))
    expect(vmTrace.ops.flatMap(({ op, sub }) => (sub === null ? [] : [[op, sub.code]]))).toEqual([
      ['CALL', bytesToHex(contracts[counter]!)],
      ['STATICCALL', '0x'],
      ['DELEGATECALL', bytesToHex(contracts[counter]!)],
      ['CALL', bytesToHex(contracts[reverter]!)],
      ['CREATE', '0x'],
    ])
  })

  test('give the changes of state', async () => {
    const { result } = await ask('trace_replayBlockTransactions', '0x1', ['stateDiff'])
    const entries = result as { transactionHash: string; trace: []; stateDiff: Record<string, object> }[]
    expect(entries.map(({ transactionHash }) => transactionHash)).toEqual([0, 1, 2].map(txHash))
    const fee = BigInt(receipts[0]!.gasUsed) * GAS_PRICE
    expect(entries[0]).toMatchObject({ trace: [], vmTrace: null, output: word(1) })
    expect(entries[0]!.stateDiff).toEqual({
      [addressOf(0xc0)]: {
        ...{ balance: { '+': quantity(fee) }, nonce: { '+': '0x0' }, code: { '+': '0x' }, storage: {} },
      },
      [counter]: {
        ...{ balance: '=', nonce: '=', code: '=', storage: { [word(0)]: { '*': { from: word(0), to: word(1) } } } },
      },
      [sender]: {
        balance: { '*': { from: quantity(10n ** 18n), to: quantity(10n ** 18n - fee) } },
        ...{ nonce: { '*': { from: '0x0', to: '0x1' } }, code: '=', storage: {} },
      },
    })
    expect(entries[1]!.stateDiff[created]).toEqual({
      ...{ balance: { '+': '0x2' }, nonce: { '+': '0x1' }, code: { '+': '0x' }, storage: {} },
    })
  })
})

describe('calls that nobody signed', () => {
  const increment = { to: counter, gas: '0x186a0' }

  test('trace_call runs on the state after a block', async () => {
    const output = async (block: string) => (await ask('trace_call', increment, ['trace'], block)).result
    expect(await output('0x0')).toMatchObject({ output: word(1), trace: [{ action: { to: counter } }] })
    expect(await output('latest')).toMatchObject({ output: word(4) })
  })

  test('trace_callMany runs each on the state those before it have left', async () => {
    const calls = [1, 2, 3].map(() => [increment, ['stateDiff']])
    const { result } = await ask('trace_callMany', calls, '0x0')
    const slot = (from: number) => ({ storage: { [word(0)]: { '*': { from: word(from), to: word(from + 1) } } } })
    expect(result).toMatchObject([0, 1, 2].map((n) => ({ output: word(n + 1), stateDiff: { [counter]: slot(n) } })))
  })

  test('trace_rawTransaction runs a signed one that is not sent', async () => {
    const { transaction } = sign({ to: counter, chainId: BigInt(TEST_CHAIN_ID), nonce: 4n }, SENDER_KEY)
    const raw = bytesToHex(encodeRawTransaction(transaction))
    expect((await ask('trace_rawTransaction', raw, ['trace'])).result).toMatchObject({
      output: word(4),
      trace: [{ action: { from: sender, to: counter, gas: quantity(79_000) } }],
    })
  })

  test('refuse parts that there are none of', async () => {
    const { error } = await ask('trace_call', increment, ['steps'])
    expect(error).toEqual({ code: -32602, message: 'invalid argument 1: unknown trace type' })
  })
})

describe('an Otterscan explorer', () => {
  test('lists all calls with their depth', async () => {
    const { result } = await ask('ots_traceTransaction', txHash(1))
    const entry = (type: string, depth: number, from: string, to: string, value: string | null) => ({
      ...{ type, depth, from, to, value },
    })
    expect(result).toMatchObject([
      entry('CALL', 0, sender, outer, '0xa'),
      entry('CALL', 1, outer, counter, '0x1'),
      entry('STATICCALL', 1, outer, addressOf(2), null),
      entry('DELEGATECALL', 1, outer, counter, null),
      { ...entry('CALL', 1, outer, reverter, '0x0'), output: word(0x2a) },
      entry('CREATE', 1, outer, created, '0x2'),
      entry('SELFDESTRUCT', 1, outer, heir, '0x7'),
    ])
  })

  test('lists ether that moved inside, and contracts that were made', async () => {
    expect((await ask('ots_getInternalOperations', txHash(1))).result).toEqual([
      { type: 0, from: outer, to: counter, value: '0x1' },
      { type: 2, from: outer, to: created, value: '0x2' },
      { type: 1, from: outer, to: heir, value: '0x7' },
    ])
  })

  test('learns which contract made a contract', async () => {
    const [receipt] = await chain.addBlock([{ to: factory, gasLimit: 200_000n }])
    const product = contractAddress(factory, 1n)
    await until(async () => (await ask('eth_getCode', product)).result === '0xfe', 5000)
    const answer = { hash: receipt!.txHash, creator: factory }
    expect((await ask('ots_getContractCreator', product)).result).toEqual(answer)
    expect((await ask('ots_getContractCreator', factory)).result).toBeNull()
    expect((await ask('ots_getContractCreator', sender)).result).toBeNull()
  })

  test('learns why a transaction failed', async () => {
    expect((await ask('ots_getTransactionError', txHash(2))).result).toBe(word(0x2a))
    expect((await ask('ots_getTransactionError', txHash(1))).result).toBe('0x')
    const { error } = await ask('ots_getTransactionError', hashOf(1))
    expect(error).toEqual({ code: -32000, message: 'transaction not found' })
  })
})
