import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { addressOfKey } from '#executor/testing/chain.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Hex } from '#protocol/primitives.ts'
import { SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import { addressOf } from '#test/blocks.ts'
import { SENDER_KEY, startApiOfExecutedBlocks } from './executedBlocks.fixture.ts'
import { call, type TestApi } from './testServer.ts'

const [counter, toggle, heir] = [0x7070, 0x7071, 0xdead].map(addressOf)
const contracts = {
  [counter!]: hexToBytes('0x60005460010160005560005460005260206000f3'), // returns ++slot0
  [toggle!]: hexToBytes('0x600154156001556007600255600160045500'), // slot1 = !slot1; slot2 = 7; slot4 = 1
}
const balanceOf = (address: string): Hex => `0x73${address.slice(2)}3160005260206000f3` // BALANCE
const word = (value: number | bigint) => `0x${value.toString(16).padStart(64, '0')}`

let api: TestApi
let blockHash: string
beforeAll(async () => {
  const chain = await startApiOfExecutedBlocks({ balances: { [addressOfKey(SENDER_KEY)]: 10n ** 18n }, contracts })
  api = chain.api
  await chain.addBlock([{ to: toggle!, gasLimit: 200_000n }])
  await chain.addBlock([
    { to: counter!, gasLimit: 100_000n },
    { to: toggle!, gasLimit: 200_000n },
    { to: counter!, gasLimit: 100_000n },
    { to: heir!, value: 5n },
  ])
  await chain.addBlock([{ to: counter!, gasLimit: 100_000n }])
  blockHash = ((await ask('eth_getBlockByNumber', '0x2', false)).result as { hash: string }).hash
})
afterAll(() => api?.close())

const ask = (method: string, ...params: unknown[]) => call(api.url, method, ...params)
const outOfRange = { code: -32000, message: expect.stringMatching(/^transaction index 5 out of range for block 0x/) }

describe('calls before a transaction of a block', () => {
  const callMany = (transactionIndex: number, calls: object[], overrides = {}) =>
    ask('eth_callMany', [{ transactions: calls }], { blockNumber: '0x2', transactionIndex }, overrides)

  test.each([
    [0, 1],
    [1, 2],
    [2, 2],
    [3, 3],
    [4, 3],
    [-1, 3],
  ])('eth_callMany behind %i transactions', async (transactionIndex, count) => {
    const { result } = await callMany(transactionIndex, [{ to: counter }, { to: counter }])
    expect(result).toEqual([[{ value: word(count) }, { value: word(count + 1) }]])
  })

  test('see what those before them moved, number and time of their block, and what they pretend', async () => {
    const reads = { to: addressOf(0x9999) }
    const pretend = (code: string) => ({ [addressOf(0x9999)]: { code } })
    const resultOf = async (transactionIndex: number, overrides: object) =>
      (await callMany(transactionIndex, [reads], overrides)).result
    expect(await resultOf(3, pretend(balanceOf(heir!)))).toEqual([[{ value: word(0) }]])
    expect(await resultOf(4, pretend(balanceOf(heir!)))).toEqual([[{ value: word(5) }]])
    expect(await resultOf(1, pretend('0x4360005260206000f3'))).toEqual([[{ value: word(2) }]])
    const pretended = { [counter!]: { stateDiff: { '0x0': word(0x40) } } }
    expect((await callMany(1, [{ to: counter }], pretended)).result).toEqual([[{ value: word(0x41) }]])
  })

  test('are traced', async () => {
    const trace = (config: object) =>
      ask('debug_traceCall', { to: counter }, blockHash, { tracer: 'callTracer', ...config })
    expect((await trace({ txIndex: '0x0' })).result).toMatchObject({ output: word(1) })
    expect((await trace({ txIndex: '0x2' })).result).toMatchObject({ output: word(2) })
    expect((await trace({})).result).toMatchObject({ output: word(3) })
    const stateOverrides = { [counter!]: { stateDiff: { '0x0': word(0x40) } } }
    expect((await trace({ txIndex: '0x2', stateOverrides })).result).toMatchObject({ output: word(0x41) })
  })

  test('but not behind more than there are, nor with another index', async () => {
    expect((await callMany(5, [{ to: counter }])).error).toEqual(outOfRange)
    expect((await ask('debug_traceCall', { to: counter }, '0x2', { txIndex: '0x5' })).error).toEqual(outOfRange)
    const late = await ask('debug_traceCall', { to: counter }, 'pending', { txIndex: '0x1' })
    expect(late.error?.message).toMatch(/^transaction index 1 out of range/)
    expect((await callMany(-2, [{ to: counter }])).error).toMatchObject({ code: -32602 })
    const ofGenesis = { blockNumber: '0x0', transactionIndex: 0 }
    expect((await ask('eth_callMany', [{ transactions: [{ to: counter }] }], ofGenesis)).result).toEqual([
      [{ value: word(1) }],
    ])
  })
})

describe('storage before a transaction of a block', () => {
  const entriesOf = (values: Record<number, number>) =>
    Object.fromEntries(
      Object.entries(values).map(([slot, value]) => {
        const key = word(BigInt(slot))
        return [keccakHex(hexToBytes(key as Hex)), { key, value: word(value) }]
      }),
    )
  const range = async (txIndex: number, address: string, start = '0x0', limit = 10) =>
    (await ask('debug_storageRangeAt', blockHash, txIndex, address, start, limit)).result
  const whole = (values: Record<number, number>) => ({ storage: entriesOf(values), nextKey: null })

  test('is that of the block before, with what opened the block, and grows with each', async () => {
    expect(await range(0, counter!)).toEqual(whole({}))
    expect(await range(1, counter!)).toEqual(whole({ 0: 1 }))
    expect(await range(2, counter!)).toEqual(whole({ 0: 1 }))
    expect(await range(3, counter!)).toEqual(whole({ 0: 2 }))
    expect(await range(0, SYSTEM_CONTRACT, '0x0', 1)).toMatchObject({ storage: entriesOf({ 0: 2 }) })
  })

  test('loses what was cleared, page by page', async () => {
    expect(await range(1, toggle!)).toEqual(whole({ 1: 1, 2: 7, 4: 1 }))
    expect(await range(2, toggle!)).toEqual(whole({ 2: 7, 4: 1 }))
    expect(await range(1, toggle!, '0x0', 1)).toEqual({ storage: entriesOf({ 1: 1 }), nextKey: word(2) })
    expect(await range(2, toggle!, '0x0', 1)).toEqual({ storage: entriesOf({ 2: 7 }), nextKey: word(4) })
    expect(await range(2, toggle!, '0x3', 1)).toEqual({ storage: entriesOf({ 4: 1 }), nextKey: null })
    expect((await ask('debug_storageRangeAt', blockHash, 5, toggle, '0x0', 1)).error).toEqual(outOfRange)
  })
})
