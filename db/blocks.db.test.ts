import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchNumber, BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { closeBatch, findLastClosedBatch, findOpenBatch, getBatch, openBatch, readBatchL2Data } from './batches.ts'
import { findBlock, getLastBlock, storeBlock } from './blocks.ts'
import type { Database } from './client.ts'
import { assertSameNetwork, initializeGenesis, WrongNetworkError } from './genesis.ts'
import { assertLease, LeaseLostError, takeLease } from './leases.ts'
import { listen } from './notify.ts'
import { poolTransactions } from './schema.ts'
import { CodeNotFoundError, createDatabaseStateReader } from './stateReader.ts'
import { createDatabaseNodeStore, insertTreeNodes } from './treeNodes.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  await initializeGenesis(db, identity, { forkId: 9, coinbase: addressOf(0), block: blockOf(0, 0) })
  await openBatch(db, { batchNumber: BatchNumber(1), kind: 'trusted', forkId: 9, coinbase: addressOf(0xc0) })
})
afterAll(() => close())

const identity = {
  chainId: 1001,
  l1ChainId: 1337,
  rollupManager: addressOf(0xaa),
  rollupId: 1,
  genesisRoot: hashOf(2000),
}
const rich = addressOf(1)
const code = new Uint8Array([0x60, 0x00])

test('genesis is written once and a database of another network is refused', async () => {
  await initializeGenesis(db, identity, { forkId: 9, coinbase: addressOf(0), block: blockOf(0, 0) })
  expect((await getBatch(db, BatchNumber(0))).closingReason).toBe('genesis')
  await expect(assertSameNetwork(db, { ...identity, chainId: 1002 })).rejects.toThrow(/fact=chainId/)
  await expect(assertSameNetwork(db, { ...identity, chainId: 1002 })).rejects.toBeInstanceOf(WrongNetworkError)
})

test('a block is stored with everything it changed, and leaves the pool without its transactions', async () => {
  const heard: (number | undefined)[] = []
  const stop = await listen(db, 'l2_block', (number) => heard.push(number))
  const [mined, waiting] = [hashOf(71), hashOf(72)]
  const pooled = { gasPrice: 1n, gasLimit: 21_000, cost: 1n, raw: new Uint8Array(1), sender: rich }
  await db.insert(poolTransactions).values([
    { ...pooled, hash: mined, nonce: 0 },
    { ...pooled, hash: waiting, nonce: 1 },
  ])
  await db.transaction((tx) =>
    storeBlock(
      tx,
      blockOf(1, 1, {
        transactions: [
          {
            hash: mined,
            sender: rich,
            recipient: null,
            nonce: 0,
            raw: new Uint8Array([1, 2]),
            l2Hash: hashOf(5),
            effectivePercentage: 255,
            effectiveGasPrice: 10n ** 20n,
            status: 1,
            gasUsed: 21_000,
            cumulativeGasUsed: 21_000,
          },
        ],
        logs: [{ logIndex: 0, txIndex: 0, txHash: mined, address: rich, topic0: hashOf(9), data: new Uint8Array(3) }],
        changes: {
          accounts: new Map([[rich, { nonce: 1n, balance: 2n ** 255n, codeHash: hashOf(8), codeSize: 2 }]]),
          storage: [{ address: rich, slot: 2n ** 256n - 1n, value: 7n }],
          codes: new Map([[hashOf(8), code]]),
        },
        newNodes: [{ hash: new Uint8Array(32).fill(1), data: new Uint8Array(64).fill(2) }],
      }),
    ),
  )
  expect(await getLastBlock(db)).toMatchObject({ blockNumber: 1, txCount: 1, hash: hashOf(1001) })
  expect((await db.select().from(poolTransactions)).map(({ hash }) => hash)).toEqual([waiting])
  await expect.poll(() => heard).toContain(1)
  await stop()
})

test('state is read as it was after any block', async () => {
  await db.transaction((tx) =>
    storeBlock(
      tx,
      blockOf(2, 1, {
        changes: {
          accounts: new Map([[rich, { nonce: 2n, balance: 5n, codeHash: hashOf(8), codeSize: 2 }]]),
          storage: [{ address: rich, slot: 2n ** 256n - 1n, value: 0n }],
          codes: new Map([[hashOf(8), code]]),
        },
      }),
    ),
  )
  const at = (block?: number) => createDatabaseStateReader(db, block === undefined ? undefined : BlockNumber(block))
  const stranger = { nonce: 0n, balance: 0n, codeHash: ZERO_HASH, codeSize: 0 }
  expect(await at().getAccounts([addressOf(99), rich])).toEqual([
    stranger,
    { nonce: 2n, balance: 5n, codeHash: hashOf(8), codeSize: 2 },
  ])
  expect((await at(1).getAccounts([rich]))[0]).toMatchObject({ nonce: 1n, balance: 2n ** 255n })
  expect(await at(0).getAccounts([rich])).toEqual([stranger])
  const slots = [
    { address: rich, slot: 0n },
    { address: rich, slot: 2n ** 256n - 1n },
  ]
  expect(await at(1).getStorage(slots)).toEqual([0n, 7n])
  expect(await at().getStorage(slots)).toEqual([0n, 0n])
  expect(await at().getCodes([hashOf(8)])).toEqual([Buffer.from(code)])
  await expect(at().getCodes([hashOf(4)])).rejects.toBeInstanceOf(CodeNotFoundError)
})

test('tree nodes come back in the order asked for, absent ones as undefined, and may be stored twice', async () => {
  const node = (byte: number) => ({ hash: new Uint8Array(32).fill(byte), data: new Uint8Array(65).fill(byte) })
  const nodes = Array.from({ length: 20 }, (_, index) => node(index + 10))
  await insertTreeNodes(db, [{ blockNumber: 0, newNodes: nodes }])
  await insertTreeNodes(db, [{ blockNumber: 0, newNodes: [...nodes, node(40)] }])
  const store = createDatabaseNodeStore(db)
  const asked = [node(40), node(99), ...nodes].map(({ hash }) => hash)
  const found = await store.getNodes(asked)
  expect(found.map((data) => data?.[0])).toEqual([40, undefined, ...nodes.map(({ data }) => data[0])])
})

test('a batch closes once: data and roots are fixed by the first close', async () => {
  expect((await findOpenBatch(db))?.batchNumber).toBe(1)
  await expect(
    openBatch(db, { batchNumber: BatchNumber(2), kind: 'trusted', forkId: 9, coinbase: addressOf(0xc0) }),
  ).rejects.toThrow()
  const open = await getBatch(db, BatchNumber(1))
  const batchL2Data = await readBatchL2Data(db, open)
  expect(batchL2Data).toHaveLength(18)
  const closed = { batchNumber: BatchNumber(1), batchL2Data, localExitRoot: ZERO_HASH, lastTimestamp: 1_700_000_002 }
  await closeBatch(db, { ...closed, closingReason: 'Max delta timestamp', stateRoot: hashOf(2002) })
  await closeBatch(db, { ...closed, closingReason: 'late', stateRoot: hashOf(1) })
  expect(await findLastClosedBatch(db)).toMatchObject({ closingReason: 'Max delta timestamp', stateRoot: hashOf(2002) })
  expect(await findOpenBatch(db)).toBeUndefined()
})

test('a block number is stored once', async () => {
  await expect(db.transaction((tx) => storeBlock(tx, blockOf(2, 1)))).rejects.toThrow()
  expect((await findBlock(db, BlockNumber(2)))?.hash).toBe(hashOf(1002))
})

test('who took the lease last may write, nobody else', async () => {
  const first = await takeLease(db, 'sequencer')
  await db.transaction((tx) => assertLease(tx, first))
  const second = await takeLease(db, 'sequencer')
  await expect(db.transaction((tx) => assertLease(tx, first))).rejects.toBeInstanceOf(LeaseLostError)
  await db.transaction((tx) => assertLease(tx, second))
})
