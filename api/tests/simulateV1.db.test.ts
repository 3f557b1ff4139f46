import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { createPoolStore } from '#db/pool.ts'
import { l2Blocks } from '#db/schema.ts'
import { Address, BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { CHAIN_ID, createSequencer, seedChain, toPoolTransaction, wallets } from '#test/sequencing.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { call, testConfig } from './testServer.ts'

const rich = Address(wallets[0]!.address)
const [alice, bob, contract] = [addressOf(0xa11ce), addressOf(0xb0b), addressOf(0xc0de)]
const word = (value: number | string) => `0x${BigInt(value).toString(16).padStart(64, '0')}`
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

type Block = Record<string, unknown> & { hash: string; calls: Record<string, unknown>[]; transactions: unknown[] }
let server: ApiServer
let stop: () => Promise<void>
let url: string
beforeAll(async () => {
  const { db, url: databaseUrl, close } = await openTestDatabase()
  await seedChain(db)
  const sequencer = createSequencer(db)
  const raw = await wallets[0]!.signTransaction({
    ...{ type: 0, chainId: CHAIN_ID, nonce: 0, to: alice, value: 5n, gasPrice: 10n ** 9n, gasLimit: 30_000 },
  })
  await createPoolStore(db, { priceBumpPercent: 10, accountQueue: 64 }).insert([
    toPoolTransaction(hexToBytes(raw as `0x${string}`)),
  ])
  await sequencer.collect(BatchNumber(2), new AbortController().signal)
  await sequencer.close()
  await db
    .update(l2Blocks)
    .set({ timestamp: 0 })
    .where(eq(l2Blocks.blockNumber, BlockNumber(0))) // as its state tells
  server = await startApiServer(parseConfig(testConfig(databaseUrl)), createLogger('api', 'fatal'), { withOps: false })
  url = `http://127.0.0.1:${server.port}`
  stop = async () => {
    await server.stop()
    await close()
  }
})
afterAll(() => stop?.())

const simulate = (payload: object, block = '0x0') => call(url, 'eth_simulateV1', payload, block)
const blocksOf = async (payload: object, block?: string) => {
  const { result, error } = await simulate(payload, block)
  if (error !== undefined) throw new Error(JSON.stringify(error))
  return result as Block[]
}
const one = (calls: object[], more: object = {}) => ({ blockStateCalls: [{ calls, ...more }] })
const funded = { stateOverrides: { [alice]: { balance: '0x7d0' } } }

test('a block has the roots that the sequencer gave the same block', async () => {
  const real = (await call(url, 'eth_getBlockByNumber', '0x1', false)).result as Block
  const transfer = { from: rich, to: alice, value: '0x5', gasPrice: '0x3b9aca00', gas: '0x7530' }
  const blockOverrides = { time: real['timestamp'], feeRecipient: real['miner'] }
  const [block] = await blocksOf({ ...one([transfer], { blockOverrides }), validation: true })
  const { stateRoot, receiptsRoot, gasUsed, gasLimit, number, timestamp, parentHash, logsBloom } = real
  expect(block).toMatchObject({ stateRoot, receiptsRoot, gasUsed, gasLimit, number, timestamp, parentHash, logsBloom })
  expect(block!.calls).toEqual([{ returnData: '0x', logs: [], gasUsed: '0x5208', maxUsedGas: '0x5208', status: '0x1' }])
})

test('blocks stand on each other, gaps are filled, and state that is pretended stays', async () => {
  const counter = { [contract]: { code: '0x60005460010160005560005460005260206000f3' } }
  const blocks = await blocksOf({
    blockStateCalls: [
      { stateOverrides: counter, calls: [{ to: contract }, { to: contract }] },
      { blockOverrides: { number: '0x4' }, calls: [{ to: contract }] },
      { stateOverrides: { [contract]: { state: { [word(5)]: word(1) } } }, calls: [{ to: contract }] },
      { stateOverrides: { [contract]: { stateDiff: { [word(0)]: word(9) } } }, calls: [{ to: contract }] },
    ],
  })
  expect(blocks.map(({ number, calls }) => [number, calls.map(({ returnData }) => returnData)])).toEqual([
    ['0x1', [word(1), word(2)]],
    ['0x2', []],
    ['0x3', []],
    ['0x4', [word(3)]],
    ['0x5', [word(1)]],
    ['0x6', [word(10)]],
  ])
  for (const [index, { parentHash }] of blocks.entries())
    if (index > 0) expect(parentHash).toBe(blocks[index - 1]!.hash)
  expect(new Set(blocks.map(({ stateRoot }) => stateRoot)).size).toBe(6)
})

test('instructions see the block that is pretended, and the roots of those before', async () => {
  const reads = { [contract]: { code: '0x43600052426020524160405260014303406060' + '5260806000f3' } }
  const [first, second] = await blocksOf({
    blockStateCalls: [
      { blockOverrides: { time: '0x77359400' } },
      { stateOverrides: reads, blockOverrides: { feeRecipient: bob }, calls: [{ to: contract }] },
    ],
  })
  const data = String(second!.calls[0]!['returnData'])
  expect(data.slice(2, 66)).toBe(word(2).slice(2))
  expect(data.slice(66, 130)).toBe(word(2_000_000_001).slice(2))
  expect(data.slice(130, 194)).toBe(word(bob).slice(2))
  expect(`0x${data.slice(194)}`).toBe(first!['stateRoot'])
})

test('transfers of ether are logs when they are asked for, and no part of the bloom', async () => {
  const forwards = { [contract]: { code: '0x60006000600060003473' + bob.slice(2) + '5af100' } }
  const calls = [{ from: alice, to: contract, value: '0x3e8' }]
  const overrides = { stateOverrides: { ...funded.stateOverrides, ...forwards } }
  const [block] = await blocksOf({ ...one(calls, overrides), traceTransfers: true })
  const shown = { address: `0x${'ee'.repeat(20)}`, data: word(1000), blockHash: block!.hash, removed: false }
  expect(block!.calls[0]!['logs']).toMatchObject([
    { ...shown, topics: [TRANSFER, word(alice), word(contract)], logIndex: '0x0' },
    { ...shown, topics: [TRANSFER, word(contract), word(bob)], logIndex: '0x1' },
  ])
  expect(block!['logsBloom']).toBe(`0x${'00'.repeat(256)}`)
  const [silent] = await blocksOf(one(calls, overrides))
  expect(silent!.calls[0]!['logs']).toEqual([])
})

test('what fails has no logs and says why', async () => {
  const code = {
    [contract]: {
      code: `0x60006000a0${'7f08c379a0'.padEnd(66, '0')}60005260206004526002602452617a7a60f01b60445260646000fd`,
    },
  }
  const halts = { [bob]: { code: '0xfe' } }
  const calls = [{ to: contract }, { to: bob, gas: '0xc350' }]
  const [block] = await blocksOf({ ...one(calls, { stateOverrides: { ...code, ...halts } }), traceTransfers: true })
  expect(block!.calls).toMatchObject([
    { status: '0x0', logs: [], error: { code: 3, message: 'execution reverted: zz' } },
    { status: '0x0', gasUsed: '0xc350', error: { code: -32015, message: 'vm execution error: invalid opcode' } },
  ])
})

test('transactions are shown whole when asked for', async () => {
  const [block] = await blocksOf({
    ...one([{ from: alice, to: bob, value: '0x1' }], funded),
    returnFullTransactions: true,
  })
  expect(block!.transactions).toMatchObject([
    { from: alice, to: bob, value: '0x1', nonce: '0x0', transactionIndex: '0x0', blockHash: block!.hash, type: '0x0' },
  ])
})

test('a precompile can be moved, and is gone from its place', async () => {
  const identity = addressOf(4)
  const moved = { stateOverrides: { [identity]: { movePrecompileToAddress: contract } } }
  const calls = [
    { to: contract, input: '0x1234' },
    { to: identity, input: '0x1234' },
  ]
  const [block] = await blocksOf(one(calls, moved))
  expect(block!.calls.map(({ returnData }) => returnData)).toEqual(['0x1234', '0x'])
})

describe('a simulation is refused', () => {
  const move = (...pairs: [number, string][]) => ({
    stateOverrides: Object.fromEntries(pairs.map(([from, to]) => [addressOf(from), { movePrecompileToAddress: to }])),
  })
  test.each<[number, object, boolean?]>([
    [
      -38010,
      one([
        { from: rich, nonce: '0x0' },
        { from: rich, nonce: '0x0' },
      ]),
      true,
    ],
    [-38011, one([{ from: rich, nonce: '0x7' }]), true],
    [-38013, one([{ to: bob, gas: '0x1' }])],
    [-38014, one([{ from: alice, to: bob, value: '0x3e8' }])],
    [-38015, one([{ to: bob, gas: '0x5209' }], { blockOverrides: { gasLimit: '0x5208' } })],
    [-38015, one([{ to: bob }, { to: bob }], { blockOverrides: { gasLimit: '0x5208' } })],
    [-38020, { blockStateCalls: [{ blockOverrides: { number: '0x5' } }, { blockOverrides: { number: '0x5' } }] }],
    [-38021, { blockStateCalls: [{ blockOverrides: { time: '0x0' } }] }],
    [-38022, one([], move([4, addressOf(4)]))],
    [-38023, one([], move([4, alice], [2, alice]))],
    [-38026, { blockStateCalls: [{ blockOverrides: { number: '0x200' } }] }],
    [-38026, one([{ input: '0xfe' }, { to: bob }])],
    [-32602, { blockStateCalls: [] }],
    [-32602, one([], { stateOverrides: { [alice]: { movePrecompileToAddress: bob } } })],
  ])('with %i: %j', async (code, payload, validation = false) => {
    expect((await simulate({ ...payload, validation })).error?.code).toBe(code)
  })

  test('but for nonces when nothing is validated', async () => {
    const [block] = await blocksOf(one([{ from: rich, to: bob, nonce: '0x7' }]))
    expect(block!.calls).toMatchObject([{ status: '0x1' }])
  })
})
