import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import type { Receipt } from '#executor/blockBuilder.ts'
import { addressOfKey } from '#executor/testing/chain.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { until } from '#test/network.ts'
import { SENDER_KEY, startApiOfExecutedBlocks } from './executedBlocks.fixture.ts'
import { call, type TestApi } from './testServer.ts'

const sender = addressOfKey(SENDER_KEY)
const [counter, reverter, endless] = [0x7070, 0x7072, 0x7073].map(addressOf)
const contracts = {
  [counter!]: '0x60005460010160005560005460005260206000f3', // returns ++slot0
  [reverter!]: `0x6308c379a060e01b600052602060045260026024527f6e6f${'00'.repeat(30)}60445260646000fd`, // Error("no")
  [endless!]: '0x5b600056',
}
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`

let api: TestApi
let first: readonly Receipt[]
let forced: readonly Receipt[]

beforeAll(async () => {
  const codes = Object.fromEntries(Object.entries(contracts).map(([at, code]) => [at, hexToBytes(code)]))
  const chain = await startApiOfExecutedBlocks({ balances: { [sender]: 10n ** 18n }, contracts: codes })
  api = chain.api
  first = await chain.addBlock([
    { to: counter!, gasLimit: 100_000n },
    { to: counter!, gasLimit: 100_000n, data: hexToBytes('0x0102030405'), effectivePercentage: 127 },
    { to: reverter!, gasLimit: 100_000n },
    { to: addressOf(0xdead), value: 5n },
  ])
  forced = await chain.addBlock([{ to: counter!, gasLimit: 100_000n }], {
    ...{ kind: 'forced', timestampLimit: 1_700_000_500, globalExitRoot: hashOf(7), forcedBlockHashL1: hashOf(8) },
  })
  await chain.addBlock([])
})
afterAll(() => api?.close())

const ask = (method: string, ...params: unknown[]) => call(api.url, method, ...params)
const frame = (receipt: Receipt, rest: object) => ({
  ...{ type: 'CALL', from: sender, to: counter, gas: '0x186a0', gasUsed: `0x${receipt.gasUsed.toString(16)}` },
  ...{ value: '0x0', input: '0x', ...rest },
})

describe('a mined transaction', () => {
  test('is traced on the state that those before it in its block have left', async () => {
    const { result } = await ask('debug_traceTransaction', first[1]!.txHash)
    const { structLogs, ...rest } = result as { structLogs: { op: string; storage?: object }[] }
    expect(rest).toEqual({ gas: first[1]!.gasUsed, failed: false, returnValue: word(2) })
    expect(structLogs.map(({ op }) => op)).toEqual([
      ...['PUSH1', 'SLOAD', 'PUSH1', 'ADD', 'PUSH1', 'SSTORE', 'PUSH1', 'SLOAD', 'PUSH1', 'MSTORE', 'PUSH1', 'PUSH1'],
      'RETURN',
    ])
    expect([structLogs[1], structLogs[5]]).toMatchObject([
      { gas: 78_917, gasCost: 2100, depth: 1, stack: ['0x0'], storage: { [word(0)]: word(1) } },
      { gasCost: 2900, stack: ['0x2', '0x0'], storage: { [word(0)]: word(2) } },
    ])
  })

  test('gives what its tracer is made for', async () => {
    const [, { txHash }, reverting] = first as [Receipt, Receipt, Receipt]
    const trace = (hash: string, tracer: string, tracerConfig: object = {}) =>
      ask('debug_traceTransaction', hash, { tracer, tracerConfig, timeout: '5s' }).then(({ result }) => result)
    expect(await trace(txHash, 'callTracer')).toEqual(frame(first[1]!, { input: '0x0102030405', output: word(2) }))
    expect(await trace(reverting.txHash, 'callTracer')).toEqual(
      frame(reverting, {
        ...{ to: reverter, error: 'execution reverted', revertReason: 'no' },
        output: `0x08c379a0${word(32).slice(2)}${word(2).slice(2)}6e6f${'00'.repeat(30)}`,
      }),
    )
    expect(await trace(txHash, '4byteTracer')).toEqual({ '0x01020304-1': 1 })
    expect(await trace(txHash, 'noopTracer')).toEqual({})
    expect(await trace(txHash, 'muxTracer', { noopTracer: null, '4byteTracer': {} })).toEqual({
      noopTracer: {},
      '4byteTracer': { '0x01020304-1': 1 },
    })
    const fees = first.slice(0, 2).map(({ gasUsed, effectiveGasPrice }) => BigInt(gasUsed) * effectiveGasPrice)
    const hex = (value: bigint) => `0x${value.toString(16)}`
    expect(await trace(txHash, 'prestateTracer', { diffMode: true })).toEqual({
      pre: {
        [addressOf(0xc0)]: { balance: hex(fees[0]!) },
        [counter!]: { balance: '0x0', nonce: 1, code: contracts[counter!], storage: { [word(0)]: word(1) } },
        [sender]: { balance: hex(10n ** 18n - fees[0]!), nonce: 1 },
      },
      post: {
        [addressOf(0xc0)]: { balance: hex(fees[0]! + fees[1]!) },
        [counter!]: { storage: { [word(0)]: word(2) } },
        [sender]: { balance: hex(10n ** 18n - fees[0]! - fees[1]!), nonce: 2 },
      },
    })
  })

  test('comes with its counters', async () => {
    const { result } = await ask('debug_traceTransactionCounters', first[0]!.txHash)
    expect(result).toMatchObject({ gas: first[0]!.gasUsed, failed: false, counters: first[0]!.counters })
  })

  test('of a forced batch is traced too', async () => {
    const { result } = await ask('debug_traceTransaction', forced[0]!.txHash, { tracer: 'callTracer' })
    expect(result).toEqual(frame(forced[0]!, { output: word(3) }))
  })
})

describe('a block', () => {
  const entries = (receipts: readonly Receipt[]) =>
    receipts.map(({ txHash, gasUsed }) => ({ txHash, result: { gas: gasUsed } }))

  test('by its number and by its hash has an entry for each transaction', async () => {
    const { result } = await ask('debug_traceBlockByNumber', '0x1')
    expect(result).toMatchObject(entries(first))
    const { result: block } = await ask('eth_getBlockByNumber', '0x1', false)
    const { hash } = block as { hash: string }
    expect((await ask('debug_traceBlockByHash', hash)).result).toEqual(result)
    expect((await ask('debug_traceBlockByNumber', 'latest')).result).toEqual([])
  })

  test('of a batch come in order', async () => {
    const { result } = await ask('debug_traceBatchByNumber', '0x1')
    expect(result).toMatchObject(entries([...first, ...forced]))
  })
})

describe('a call', () => {
  test('is traced on the state of a block, with overrides', async () => {
    const request = { to: counter, gas: '0x186a0' }
    const trace = (block: string, config: object = {}) =>
      ask('debug_traceCall', request, block, { tracer: 'callTracer', ...config }).then(({ result }) => result)
    expect(await trace('0x0')).toMatchObject({ output: word(1), gas: '0x186a0' })
    expect(await trace('latest')).toMatchObject({ output: word(4) })
    const stateOverrides = { [counter!]: { stateDiff: { [word(0)]: word(0x41) } } }
    expect(await trace('latest', { stateOverrides })).toMatchObject({ output: word(0x42) })
    const time = { stateOverrides: { [counter!]: { code: '0x4260005260206000f3' } }, blockOverrides: { time: '0x77' } }
    expect(await trace('latest', time)).toMatchObject({ output: word(0x77) })
  })

  test('that is refused says why', async () => {
    const { error } = await ask('debug_traceCall', { to: counter, gas: '0x1' })
    expect(error).toEqual({ code: -32000, message: 'intrinsic gas too low: gas 1, minimum needed 21000' })
  })
})

describe('refuses', () => {
  const unknown = hashOf(1)
  test.each([
    ['debug_traceTransaction', [unknown], -32000, 'transaction not found'],
    ['debug_traceTransactionCounters', [unknown], -32000, 'transaction not found'],
    ['debug_traceBlockByNumber', ['0x0'], -32000, 'genesis is not traceable'],
    ['debug_traceBatchByNumber', ['0x0'], -32000, 'genesis is not traceable'],
    ['debug_traceBatchByNumber', ['0x9'], -32000, 'batch not found'],
    ['debug_traceBlockByNumber', ['0x99'], -32000, 'header not found'],
    ['debug_traceBlockByHash', [unknown], -32000, 'header for hash not found'],
    ['debug_traceBlockByNumber', ['0x1', { tracer: 'nonsense' }], -32000, 'unknown tracer: nonsense'],
    ['debug_traceBlockByNumber', ['0x1', { tracer: 'parityTracer' }], -32000, 'unknown tracer: parityTracer'],
    [
      'debug_traceBlockByNumber',
      ['0x1', { tracer: 'muxTracer', tracerConfig: { nonsense: {} } }],
      ...([-32000, 'unknown tracer: nonsense'] as const),
    ],
    ['debug_traceBlockByNumber', ['0x1', { enableMemory: 1 }], -32602, 'invalid argument 1: boolean expected'],
    ['debug_traceBlockByNumber', ['0x1', { limit: -1 }], -32602, 'invalid argument 1: limit must be a count'],
    ['debug_traceBlockByNumber', ['0x1', { timeout: 'soon' }], -32602, 'invalid argument 1: invalid duration'],
  ] as const)('%s %j', async (method, params, code, message) => {
    expect((await ask(method, ...params)).error).toEqual({ code, message })
  })

  test('a trace that takes too long', async () => {
    const config = { timeout: '100ms', tracer: 'noopTracer' }
    const { error } = await ask('debug_traceCall', { to: endless, gas: '0x2faf080' }, 'latest', config)
    expect(error).toEqual({ code: -32002, message: 'request timed out' })
  })

  test('of many at once, those above the limit are told to come again, until callers have left', async () => {
    const config = { timeout: '30s', tracer: 'noopTracer' }
    const params = [{ to: endless, gas: '0x2faf080' }, 'latest', config]
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'debug_traceCall', params })
    const leaving = new AbortController()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: leaving.signal }
    const callers = Promise.allSettled(Array.from({ length: 8 }, () => fetch(api.url, init)))
    const brief = { ...config, timeout: '1ms' }
    const next = async () => (await ask('debug_traceCall', { to: endless, gas: '0x2faf080' }, 'latest', brief)).error
    await until(async () => (await next())?.message === 'busy', 10_000)
    expect(await next()).toEqual({ code: -32005, message: 'busy', data: { retryAfter: 1 } })
    leaving.abort()
    await callers
    await until(async () => (await next())?.message === 'request timed out', 10_000)
  })

  test('a trace that is too large', async () => {
    const { error } = await ask('debug_traceCall', { to: endless, gas: '0x2faf080' }, 'latest')
    expect(error).toEqual({ code: -32003, message: 'response too large' })
  })

  test('to answer with what does not come out as it was stored', async () => {
    const { txHash } = forced[0]!
    await api.db.execute(sql`update state.transactions set gas_used = gas_used + 1 where block_number = 2`)
    const { error } = await ask('debug_traceTransaction', txHash)
    await api.db.execute(sql`update state.transactions set gas_used = gas_used - 1 where block_number = 2`)
    expect(error).toMatchObject({ code: -32603, message: 'internal error' })
    expect((await ask('debug_traceTransaction', txHash)).error).toBeUndefined()
  })
})
