import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import type { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import type { ConfigInput } from '#config/schema.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { devRequests, devSnapshots } from '#db/schema.ts'
import { call as callOwn } from '#devnet/rpc.ts'
import { type Address, BatchNumber, type Hex } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { addressOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { COINBASE, createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { call, type RpcAnswer, testConfig } from './testServer.ts'

const [alice, faucet] = wallets as [Wallet, Wallet]
const FAUCET_ENV = 'ZKNODE_TEST_FAUCET_KEY'
const E18 = 10n ** 18n

let db: Database
let databaseUrl: string
let anvil: Anvil
let closeDatabase: () => Promise<void>
let api: ApiServer
let stop: AbortController
let collecting: Promise<unknown>
let closeSequencer: () => Promise<void>
const asked = new Set<string>()

beforeAll(async () => {
  vi.stubEnv(FAUCET_ENV, faucet.privateKey)
  ;({ db, url: databaseUrl, close: closeDatabase } = await openTestDatabase())
  await seedChain(db)
  anvil = await startAnvil()
  api = await startDevApi({ movesL1Clock: true, faucetKey: `env:${FAUCET_ENV}` })
  const sequencer = createSequencer(db, { batchMaxMs: 3_600_000, trailingBlockMs: 0 }, { namespaces: ['dev'] })
  closeSequencer = () => sequencer.close()
  stop = new AbortController()
  collecting = sequencer.collect(BatchNumber(2), stop.signal).catch(() => undefined)
})
afterAll(async () => {
  stop?.abort()
  await collecting
  await closeSequencer?.()
  await api?.stop()
  await anvil?.stop()
  await closeDatabase?.()
  vi.unstubAllEnvs()
})

/** An API with the dev_ methods. */
function startDevApi(dev: ConfigInput['dev'], overrides: Partial<ConfigInput> = {}): Promise<ApiServer> {
  const config = testConfig(databaseUrl, { rpc: { namespaces: ['eth', 'net', 'web3', 'txpool', 'dev'] } })
  const sequencer = { coinbase: COINBASE }
  return startApiServer(
    parseConfig({ ...config, l1: { rpcUrl: anvil.url }, dev, sequencer, ...overrides }),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
}

const urlOf = ({ port }: ApiServer) => `http://127.0.0.1:${port}`
async function ask(method: string, ...params: unknown[]): Promise<RpcAnswer> {
  asked.add(method)
  return await call(urlOf(api), method, ...params)
}
const resultOf = async (method: string, ...params: unknown[]) => {
  const { result, error } = await ask(method, ...params)
  expect(error, method).toBeUndefined()
  return result
}
const blockNumber = async () => Number(await resultOf('eth_blockNumber'))
const timestampOf = async (number: number | 'latest') => {
  const tag = number === 'latest' ? number : `0x${number.toString(16)}`
  return Number(((await resultOf('eth_getBlockByNumber', tag, false)) as { timestamp: Hex }).timestamp)
}
const l1Now = async () =>
  Number((await callOwn<{ timestamp: Hex }>(anvil.url, 'eth_getBlockByNumber', ['latest', false])).timestamp)
const balanceOf = async (address: Address) => BigInt((await resultOf('eth_getBalance', address)) as Hex)
const newAddress = () => bytesToHex(randomBytes(20)) as Address

describe('mine', () => {
  test('makes empty blocks at once', async () => {
    const before = await blockNumber()
    expect(await resultOf('dev_mine')).toBe(null)
    expect(await blockNumber()).toBe(before + 1)
    expect(await resultOf('anvil_mine', '0x3')).toBe(null)
    expect(await resultOf('hardhat_mine', 2)).toBe(null)
    expect(await resultOf('evm_mine')).toBe('0x0')
    expect(await blockNumber()).toBe(before + 7)
    expect(await resultOf('dev_mine', 0)).toBe(null)
    expect(await blockNumber()).toBe(before + 7)
    expect(await db.select().from(devRequests)).toEqual([])
  })

  test('puts blocks the interval apart, and time goes on from the last', async () => {
    const before = await blockNumber()
    await resultOf('anvil_mine', 3, 1000)
    const times = await Promise.all([1, 2, 3].map((more) => timestampOf(before + more)))
    expect([times[1]! - times[0]!, times[2]! - times[1]!]).toEqual([1000, 1000])
    expect(await l1Now()).toBeGreaterThanOrEqual(times[2]!)
    await resultOf('dev_mine')
    expect((await timestampOf('latest')) - times[2]!).toBeLessThan(60)
  })

  test('refuses more than others could be expected to execute', async () => {
    expect((await ask('dev_mine', 1001)).error).toEqual({
      ...{ code: -32602, message: 'invalid argument 0: at most 1000 blocks: each is a real one of the chain' },
    })
    expect((await ask('dev_mine', -1)).error?.code).toBe(-32602)
  })
})

describe('time', () => {
  test('goes forward on L2 and L1', async () => {
    await resultOf('dev_mine')
    const before = await timestampOf('latest')
    const first = (await resultOf('evm_increaseTime', 5000)) as number
    expect(await resultOf('anvil_increaseTime', '0x64')).toBe(first + 100)
    expect(await resultOf('dev_increaseTime', '50')).toBe(first + 150)
    await resultOf('dev_mine')
    const after = await timestampOf('latest')
    expect(after - before).toBeGreaterThanOrEqual(5149)
    expect(after - before).toBeLessThan(5150 + 60)
    expect(await l1Now()).toBeGreaterThanOrEqual(after - 1)
  })

  test('a timestamp is that of the next block, and the clock goes on from there', async () => {
    const wanted = (await timestampOf('latest')) + 7777
    expect(await resultOf('evm_setNextBlockTimestamp', wanted)).toBe(null)
    await resultOf('dev_mine')
    expect(await timestampOf('latest')).toBe(wanted)
    await resultOf('dev_mine')
    expect((await timestampOf('latest')) - wanted).toBeLessThan(60)
    expect(await resultOf('evm_mine', wanted + 500)).toBe('0x0')
    expect(await timestampOf('latest')).toBe(wanted + 500)
    expect(await resultOf('evm_mine', { timestamp: wanted + 600, blocks: 2 })).toBe('0x0')
    expect(await timestampOf('latest')).toBe(wanted + 600)
    await resultOf('dev_setNextBlockTimestamp', `0x${(wanted + 700).toString(16)}`)
    await resultOf('anvil_setNextBlockTimestamp', wanted + 701)
    await resultOf('dev_mine')
    expect(await timestampOf('latest')).toBe(wanted + 701)
  })

  test('never goes back', async () => {
    const last = await timestampOf('latest')
    const { error } = await ask('evm_setNextBlockTimestamp', last - 1)
    const message = `invalid argument 0: the last block is of ${last}: time does not go back`
    expect(error).toEqual({ code: -32602, message })
  })

  test('is refused where L1 is not ours to move', async () => {
    const other = await startDevApi({})
    const now = await l1Now()
    const { error } = await call(urlOf(other), 'dev_setNextBlockTimestamp', now + 86_400)
    expect(error?.code).toBe(-32004)
    expect(error?.message).toMatch(/^refused: L1 is at \d+ and takes no L2 block of \d+, 86400 s later; no other node/)
    expect(await l1Now()).toBe(now)
    await other.stop()
  })
})

test('a waiting transaction is dropped for good, and another takes its nonce', async () => {
  const later = await signTransfer(alice, 1)
  await pour(db, [later])
  expect(await resultOf('dev_dropTransaction', later.hash)).toBe(later.hash)
  expect(await resultOf('anvil_dropTransaction', later.hash)).toBe(null)
  expect(await resultOf('hardhat_dropTransaction', addressOf(1).padEnd(66, '0'))).toBe(null)
  expect(await resultOf('eth_getTransactionByHash', later.hash)).toBe(null)
  const instead = await signTransfer(alice, 1, { gasPrice: 2_000_000_000n })
  await pour(db, [await signTransfer(alice, 0), instead])
  await expect.poll(() => resultOf('eth_getTransactionReceipt', instead.hash)).toMatchObject({ status: '0x1' })
})

describe('setBalance', () => {
  test('gives what is missing, by a transfer', async () => {
    const address = newAddress()
    expect(await resultOf('anvil_setBalance', address, '0x5')).toBe(null)
    expect(await balanceOf(address)).toBe(5n)
    const many = Array.from({ length: 5 }, newAddress)
    await Promise.all(many.map((each, index) => resultOf('hardhat_setBalance', each, `0x${(index + 7).toString(16)}`)))
    expect(await Promise.all(many.map(balanceOf))).toEqual([7n, 8n, 9n, 10n, 11n])
    expect(await resultOf('dev_setBalance', address, '0x5')).toBe(null)
    const { blockNumber: row } = (await findBlocksOfBatch(db, BatchNumber(2))).at(-1)!
    expect(await blockNumber()).toBe(row)
  })

  test('takes nothing away, and gives no more than the faucet has', async () => {
    const error = async (...params: unknown[]) => (await ask('dev_setBalance', ...params)).error!
    const down = await error(alice.address, '0x1')
    expect(down.code).toBe(-32004)
    expect(down.message).toMatch(/^refused: 0x[0-9a-f]{40} has \d+ wei, and only its owner can give some away/)
    const much = await error(newAddress(), `0x${(1000n * E18).toString(16)}`)
    expect(much.message).toMatch(
      /^refused: this takes 1000000200000000000000 wei, and the faucet 0x[0-9a-f]{40} has \d+$/,
    )
    const own = await error(faucet.address, `0x${(1000n * E18).toString(16)}`)
    expect(own.message).toBe(`refused: ${faucet.address.toLowerCase()} is the account that pays; use another`)
    expect((await error(COINBASE, `0x${E18.toString(16)}`)).message).toMatch(/gets the fees of the blocks/)
  })

  test('is refused without a faucet', async () => {
    const other = await startDevApi({ movesL1Clock: true })
    const { error } = await call(urlOf(other), 'anvil_setBalance', newAddress(), '0x1')
    expect(error).toEqual({ code: -32004, message: 'refused: this node has no account to pay from (dev.faucetKey)' })
    await other.stop()
  })
})

describe('snapshot and revert', () => {
  test('take back blocks of the open batch, and what they changed', async () => {
    const [before, address] = [await blockNumber(), newAddress()]
    const snapshot = await resultOf('evm_snapshot')
    const later = await resultOf('anvil_snapshot')
    await resultOf('dev_setBalance', address, '0x9')
    await resultOf('dev_mine', 2)
    expect(await blockNumber()).toBe(before + 3)
    expect(await resultOf('evm_revert', snapshot)).toBe(true)
    expect(await blockNumber()).toBe(before)
    expect(await balanceOf(address)).toBe(0n)
    expect(await resultOf('anvil_revert', later)).toBe(false)
    await resultOf('dev_setBalance', address, '0x8')
    expect(await balanceOf(address)).toBe(8n)
    expect(await blockNumber()).toBe(before + 1)
    const again = await resultOf('dev_snapshot')
    expect(await resultOf('dev_revert', again)).toBe(true)
    expect(await blockNumber()).toBe(before + 1)
  })

  test('a snapshot of a batch that is closed is void', async () => {
    const snapshot = (await resultOf('dev_snapshot')) as Hex
    await db
      .update(devSnapshots)
      .set({ batchNumber: BatchNumber(1) })
      .where(eq(devSnapshots.id, Number(snapshot)))
    const { error } = await ask('dev_revert', snapshot)
    expect(error?.code).toBe(-32004)
    expect(error?.message).toMatch(/^refused: batch 1 is closed, and goes to L1/)
    await db.delete(devSnapshots)
  })
})

test('dumpState is what anvil loads', async () => {
  const address = newAddress()
  await resultOf('dev_setBalance', address, '0x1234')
  const dump = (await resultOf('dev_dumpState')) as Hex
  const { accounts } = JSON.parse(gunzipSync(hexToBytes(dump)).toString())
  expect(accounts[address]).toEqual({ nonce: 0, balance: '0x1234', code: '0x', storage: {} })
  const other = await startAnvil({ args: ['--accounts', '1'] })
  expect(await callOwn(other.url, 'anvil_loadState', [await resultOf('anvil_dumpState', false)])).toBe(true)
  expect(await callOwn(other.url, 'eth_getBalance', [address, 'latest'])).toBe('0x1234')
  const nonce = await resultOf('eth_getTransactionCount', alice.address)
  expect(await callOwn(other.url, 'eth_getTransactionCount', [alice.address, 'latest'])).toBe(nonce)
  await other.stop()
  expect((await ask('dev_dumpState', true)).error?.code).toBe(-32004)
})

test('blocks are made when transactions come', async () => {
  expect(await resultOf('evm_setAutomine', true)).toBe(null)
  expect(await resultOf('anvil_setAutomine', true)).toBe(null)
  const { error } = await ask('dev_setAutomine', false)
  expect(error?.message).toMatch(/^refused: the sequencer takes what waits/)
})

test('what others could not follow is refused under all its names, with the reason and a way out', async () => {
  const reasons = {
    setCode: 'another root. Deploy it',
    setNonce: 'another root. Send transactions',
    setStorageAt: 'another root. Let the contract set it',
    impersonateAccount: 'batches hold signatures',
    stopImpersonatingAccount: 'no account is ever impersonated',
  }
  for (const [name, reason] of Object.entries(reasons))
    for (const prefix of ['dev', 'anvil', 'hardhat']) await expectRefused(`${prefix}_${name}`, reason)
  for (const prefix of ['dev', 'anvil', 'evm']) {
    await expectRefused(`${prefix}_setIntervalMining`, 'sequencer.emptyBlockIntervalMs')
  }
  for (const prefix of ['dev', 'anvil']) {
    await expectRefused(`${prefix}_reorg`, 'reorganise the local L1')
    await expectRefused(`${prefix}_loadState`, 'genesis.json')
  }

  async function expectRefused(method: string, reason: string) {
    const { error } = await ask(method)
    expect(error, method).toMatchObject({ code: -32004, message: expect.stringMatching(/^refused: /) })
    expect(error?.message, method).toContain(reason)
  }
})

test('all names are switched on with dev alone, and each was asked here', async () => {
  const { methods } = (await resultOf('rpc.discover')) as { methods: { name: string }[] }
  const names = methods.map(({ name }) => name).filter((name) => /^(dev|anvil|evm|hardhat)_/.test(name))
  expect(names.filter((name) => !asked.has(name))).toEqual([])
  const closed = await startApiServer(
    parseConfig(testConfig(databaseUrl, { rpc: { namespaces: ['eth', 'anvil', 'evm', 'hardhat'] } })),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
  for (const name of ['dev_mine', 'anvil_mine', 'evm_mine', 'hardhat_setCode'])
    expect((await call(urlOf(closed), name)).error?.code).toBe(-32601)
  await closed.stop()
  const follower = await startDevApi({}, { role: 'permissionless' })
  expect((await call(urlOf(follower), 'evm_mine')).error?.code).toBe(-32601)
  await follower.stop()
})
