import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import { Wallet, ZeroAddress, ZeroHash } from 'ethers'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import {
  type BatchData,
  contractAt,
  type L1Fixture,
  passTime,
  read,
  regularBatch,
  rollupData,
  send,
  sequence,
  startL1,
} from '#contracts/fixture.ts'
import { getClosedBatch } from '#db/batches.ts'
import { findBlocksOfBatch } from '#db/blocks.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { findInfoLeaves, findLastInfoRoot, findLastVerifiedBatch, findLastVirtualBatch } from '#db/l1.ts'
import { migrate } from '#db/migrate.ts'
import { forcedBatches, transactions } from '#db/schema.ts'
import { ensureGenesisFile, type GenesisFile, genesisStateOf, storeGenesis } from '#devnet/genesis.ts'
import { createEtherman } from '#etherman/client.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { addressOf } from '#test/blocks.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { Synchronizer } from './synchronizer.ts'

const CHAIN_ID = 1001
const L1_CHAIN_ID = 1337
const user = new Wallet(`0x${'42'.repeat(32)}`)

let folder: string
let genesis: GenesisFile
let l1: L1Fixture
let state: TestDatabase
let db: Database
let etherman: ReturnType<typeof createEtherman>
let synchronizer: Synchronizer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-synchronizer-'))
  const file = await ensureGenesisFile(join(folder, 'genesis.json'), 0, ZERO_HASH)
  const funded = { address: Address(user.address), balance: String(10n ** 20n), nonce: '0' }
  genesis = { ...file, accounts: [...file.accounts, funded] }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The L1 contracts with a rollup on this genesis, and a node that has read nothing of it. */
beforeEach(async () => {
  const { root: genesisRoot } = await genesisStateOf(genesis)
  const timeouts = { trustedAggregatorTimeoutSeconds: 0, pendingStateTimeoutSeconds: 100 }
  l1 = await startL1({ genesisRoot, verifier: 'mock', l2ChainId: CHAIN_ID, ...timeouts })
  state = await createTestDatabase()
  await migrate(state.url)
  const { rollupManager, rollup, globalExitRoot, pol, rollupId, l1StartBlock } = l1.deployment
  const identity = { chainId: CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupManager, rollupId, genesisRoot }
  await storeGenesis(state.url, genesis, identity, 9)
  db = connectDatabase(state.url, { maxConnections: 3, name: 'zknode-test' })
  const contracts = { rollupManager, rollup, globalExitRoot, pol }
  etherman = createEtherman({ rpcUrl: l1.url, contracts, rollupId, requestTimeoutMs: 10_000 })
  const network = { chainId: CHAIN_ID, forkId: 9, l1StartBlock }
  synchronizer = new Synchronizer({ db, etherman, network, maxBlockRange: 4, logger: pino({ level: 'silent' }) })
})
afterEach(async () => {
  etherman.close()
  await db.$client.end({ timeout: 1 })
  await state.drop()
  await l1.stop()
})

const poll = () => synchronizer.poll(() => {})
const accInputHashOnL1 = async () => (await read(l1.rollup, 'lastAccInputHash')) as Hash

/** A transfer of the user's as it stands in a batch. */
async function transfer(nonce: number): Promise<Uint8Array> {
  const fields = { to: addressOf(0xaa), value: 5n, gasLimit: 21_000n, gasPrice: 10n ** 9n }
  const raw = await user.signTransaction({ type: 0, chainId: CHAIN_ID, nonce, ...fields })
  return encodeBatchTransaction(decodeRawTransaction(hexToBytes(raw as `0x${string}`)), 255)
}
async function batchWithTransfer(nonce: number): Promise<BatchData> {
  const marker = encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 0 })
  return regularBatch(bytesToHex(concatBytes(marker, await transfer(nonce))))
}
async function verify(toBatch: number, stateRoot: string, { trusted = true } = {}): Promise<void> {
  const { lastVerifiedBatch } = await rollupData(l1)
  const proof = Array.from({ length: 24 }, () => ZeroHash)
  const args = [1, 0, lastVerifiedBatch, toBatch, ZeroHash, stateRoot, l1.aggregator.address, proof]
  const from = trusted ? l1.aggregator : l1.stranger
  await send(l1.manager, trusted ? 'verifyBatchesTrustedAggregator' : 'verifyBatches', args, { from })
}

test('the first batch, which the contract injects, initialises the bridge of L2', async () => {
  await poll()
  expect(await getClosedBatch(db, BatchNumber(1))).toMatchObject({ kind: 'injected', txCount: 1, invalidReason: null })
  const [block] = await findBlocksOfBatch(db, BatchNumber(1))
  const [transaction] = await db.select().from(transactions).where(eq(transactions.blockNumber, block!.blockNumber))
  expect(transaction).toMatchObject({ status: 1, recipient: l1.deployment.bridge })
  expect((await findLastVirtualBatch(db))?.accInputHash).toBe(await accInputHashOnL1())
})

test('leaves of the L1 info tree lead to the root of the contract', async () => {
  const value = 10n ** 18n
  for (let count = 0; count < 3; count++)
    await send(l1.bridge, 'bridgeAsset', [1, user.address, value, ZeroAddress, true, '0x'], { value })
  await poll()
  expect(await findInfoLeaves(db)).toHaveLength(Number(await read(l1.exitRoot, 'depositCount')))
  expect(await findLastInfoRoot(db)).toBe(await read(l1.exitRoot, 'getRoot'))
})

test('sequenced and forced batches are executed, up to the accumulated input hash of the contract', async () => {
  await sequence(l1, [await batchWithTransfer(0), await batchWithTransfer(1)])
  await send(l1.rollup, 'setForceBatchAddress', [ZeroAddress], { from: l1.admin })
  await send(l1.pol, 'transfer', [l1.stranger.address, 10n ** 21n])
  await send(contractAt('POL', l1.deployment.pol, l1.stranger), 'approve', [l1.deployment.rollup, 10n ** 21n])
  const forced = [await force(bytesToHex(await transfer(2))), await force(bytesToHex(await transfer(3)))] as const
  await sequence(l1, [forced[0], await batchWithTransfer(9)])
  await passTime(l1, 6 * 86_400)
  await send(l1.rollup, 'sequenceForceBatches', [[forced[1]]], { from: l1.stranger })
  await poll()
  const batches = await Promise.all([2, 3, 4, 5, 6].map((number) => getClosedBatch(db, BatchNumber(number))))
  expect(batches.map(({ kind, txCount, forcedBatchNumber }) => [kind, txCount, forcedBatchNumber])).toEqual([
    ['synced', 1, null],
    ['synced', 1, null],
    ['forced', 1, 1],
    ['synced', 0, null], // its nonce is too high
    ['forced', 1, 2],
  ])
  expect((await db.select().from(forcedBatches).orderBy(asc(forcedBatches.forcedBatchNumber))).map(asBatch)).toEqual([
    ...forced,
  ])
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 6, accInputHash: await accInputHashOnL1() })
})

async function force(data: string): Promise<BatchData> {
  const fee = await read(l1.manager, 'getForcedBatchFee')
  const forcedGlobalExitRoot = (await read(l1.exitRoot, 'getLastGlobalExitRoot')) as string
  const { blockNumber } = await send(l1.rollup, 'forceBatch', [data, fee], { from: l1.stranger })
  const block = (await l1.provider.getBlock(blockNumber))!
  return {
    transactions: data,
    forcedGlobalExitRoot,
    forcedTimestamp: block.timestamp,
    forcedBlockHashL1: block.parentHash,
  }
}
const asBatch = (row: typeof forcedBatches.$inferSelect): BatchData => ({
  transactions: bytesToHex(row.batchL2Data),
  forcedGlobalExitRoot: row.forcedGlobalExitRoot,
  forcedTimestamp: row.forcedTimestamp,
  forcedBlockHashL1: row.forcedBlockHashL1,
})

test('a verification with our root is taken over', async () => {
  await sequence(l1, [await batchWithTransfer(0)])
  await poll()
  await verify(2, (await getClosedBatch(db, BatchNumber(2))).stateRoot)
  await poll()
  expect(await findLastVerifiedBatch(db)).toBe(2)
})

test('what anyone verified is taken over when the contract consolidates it', async () => {
  await sequence(l1, [await batchWithTransfer(0)])
  await poll()
  await verify(2, (await getClosedBatch(db, BatchNumber(2))).stateRoot, { trusted: false })
  await poll()
  expect(await findLastVerifiedBatch(db)).toBe(0)
  await passTime(l1, 101)
  await send(l1.manager, 'consolidatePendingState', [1, 1], { from: l1.stranger })
  await poll()
  expect(await findLastVerifiedBatch(db)).toBe(2)
  expect((await etherman.readProgress()).lastVerifiedBatch).toBe(2)
})

test('a verification with another root stops the reading', async () => {
  await sequence(l1, [await batchWithTransfer(0)])
  await verify(2, `0x${'00'.repeat(31)}05`)
  await expect(poll()).rejects.toMatchObject({ name: 'StateRootMismatchError' })
  expect(await findLastVerifiedBatch(db)).toBe(0)
})

test.each([1, 5])(
  'a reorg of depth %i that drops a sequence is undone; sequenced again it is virtual again',
  async (depth) => {
    await passTime(l1, 60)
    const batch = await batchWithTransfer(0)
    await sequence(l1, [batch])
    for (let count = 1; count < depth; count++) await l1.provider.send('evm_mine', [])
    await poll()
    const { stateRoot } = await getClosedBatch(db, BatchNumber(2))
    expect((await findLastVirtualBatch(db))?.batchNumber).toBe(2)

    await l1.provider.send('anvil_reorg', [depth, []])
    await l1.provider.send('evm_mine', [])
    expect((await rollupData(l1)).lastBatchSequenced).toBe(1n)
    await poll()
    expect((await findLastVirtualBatch(db))?.batchNumber).toBe(1)

    await sequence(l1, [batch])
    await poll()
    expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 2, accInputHash: await accInputHashOnL1() })
    expect((await getClosedBatch(db, BatchNumber(2))).stateRoot).toBe(stateRoot)
  },
)

test('a reorg that puts another batch in its place has the other one executed', async () => {
  await sequence(l1, [await batchWithTransfer(0)])
  await poll()
  await l1.provider.send('anvil_reorg', [1, []])
  await sequence(l1, [await batchWithTransfer(0), await batchWithTransfer(1)])
  await poll()
  expect((await getClosedBatch(db, BatchNumber(3))).txCount).toBe(1)
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 3, accInputHash: await accInputHashOnL1() })
})
