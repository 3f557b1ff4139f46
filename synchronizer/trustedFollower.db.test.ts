import { once } from 'node:events'
import { asc, eq } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ApiServer, startApiServer } from '#api/server.ts'
import { testConfig } from '#api/tests/testServer.ts'
import { TransferSigner } from '#bench/transfers.ts'
import { concatBytes } from '#common/bytes.ts'
import { parseConfig } from '#config/load.ts'
import { findBatch, getClosedBatch, readBatchL2Data } from '#db/batches.ts'
import { getLastBlock } from '#db/blocks.ts'
import { findLastVirtualBatch } from '#db/l1.ts'
import { findRemovedBlocks } from '#db/rpc/removed.ts'
import { l2Blocks } from '#db/schema.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { decodeRawTransaction, encodeRawTransaction } from '#protocol/transaction.ts'
import { hashOf } from '#test/blocks.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { until } from '#test/network.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID, COINBASE } from '#test/sequencing.ts'
import { TrustedFollower } from './trustedFollower.ts'
import type { TrustedBatch, TrustedSequencer } from './trustedSequencer.ts'

const LAST = 6
let l1: L1Chain
let sequencer: L1Node
let node: L1Node
let follower: TrustedFollower
let told: Told
const databases: TestDatabase[] = []

async function database(): Promise<string> {
  databases.push(await createTestDatabase())
  return databases.at(-1)!.url
}

/** What the sequencer's node tells, up to a batch; a test changes the answers. */
class Told implements TrustedSequencer {
  upTo = LAST
  readonly changes = new Map<number, Partial<TrustedBatch>>()

  async readBatch(batchNumber: number): Promise<TrustedBatch | undefined> {
    const row = batchNumber > this.upTo ? undefined : await findBatch(sequencer.db, BatchNumber(batchNumber))
    if (row === undefined) return undefined
    return {
      batchNumber: row.batchNumber,
      forcedBatchNumber: row.forcedBatchNumber ?? undefined,
      coinbase: row.coinbase,
      stateRoot: row.stateRoot!,
      timestamp: row.lastTimestamp!,
      closed: true,
      batchL2Data: await readBatchL2Data(sequencer.db, row),
      ...this.changes.get(batchNumber),
    }
  }
}

beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID)
  l1 = await L1Chain.start(signer.senders)
  sequencer = await l1.openNode(await database())
  await sequencer.poll()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(sequencer, deployment, { firstBatch: 2, transactions: 1 })
  await l1.makeBatches(sequencer, signer.sign('erc20', 8), { firstBatch: 3, transactions: 2 })
}, 60_000)
let snapshot: unknown
beforeEach(async () => {
  snapshot = await l1.send('evm_snapshot', [])
  node = await l1.openNode(await database())
  told = new Told()
  const { db, tip, network } = node
  follower = new TrustedFollower({ db, tip, network, sequencer: told, logger: pino({ level: 'silent' }) })
})
afterEach(async () => {
  await node.close()
  await l1.send('evm_revert', [snapshot])
  l1.forgetSequencedAfter(1)
})
afterAll(async () => {
  await sequencer?.close()
  await l1?.stop()
  for (const { drop } of databases) await drop()
})

type Log = { blockHash: string; removed: boolean }

/** A client of the node's API over WebSocket. */
class Subscriber {
  readonly heads: string[] = []
  readonly logs: Log[] = []
  readonly close: () => Promise<void>

  private constructor(api: ApiServer, socket: WebSocket) {
    this.close = async () => {
      socket.close()
      await api.stop()
    }
  }

  static async open(): Promise<Subscriber> {
    const config = parseConfig(testConfig(databases.at(-1)!.url))
    const api = await startApiServer(config, pino({ level: 'silent' }), { withOps: false })
    const socket = new WebSocket(`ws://127.0.0.1:${api.port}/`)
    const subscriber = new Subscriber(api, socket)
    let answers = 0
    socket.on('message', (data) => {
      const { id, params } = JSON.parse(String(data))
      if (id !== undefined) answers++
      else if ('blockHash' in params.result) subscriber.logs.push(params.result)
      else subscriber.heads.push(params.result.hash)
    })
    await once(socket, 'open')
    for (const kind of ['newHeads', 'logs'])
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: [kind, {}] }))
    await until(() => answers === 2, 5000)
    return subscriber
  }
}

const hashes = async ({ db }: L1Node) =>
  (await db.select({ hash: l2Blocks.hash }).from(l2Blocks).orderBy(asc(l2Blocks.blockNumber))).map(({ hash }) => hash)

test('without batch 1, which only L1 has, it waits', async () => {
  expect(await follower.poll()).toMatchObject({ state: 'behind' })
  expect(await hashes(node)).toHaveLength(1)
})

test('it has the blocks of the sequencer before they are on L1, and keeps them when they are', async () => {
  await node.poll()
  expect(await follower.poll()).toEqual({ batchNumber: LAST, state: 'following' })
  expect(await hashes(node)).toEqual(await hashes(sequencer))
  expect((await findLastVirtualBatch(node.db))?.batchNumber).toBe(1)
  await l1.sequence(sequencer, LAST)
  await node.poll()
  expect((await findLastVirtualBatch(node.db))?.batchNumber).toBe(LAST)
  expect(await hashes(node)).toEqual(await hashes(sequencer))
  expect(await findRemovedBlocks(node.db, 0)).toEqual([])
})

test('an open batch grows block by block until it is closed', async () => {
  await node.poll()
  const whole = await getClosedBatch(sequencer.db, BatchNumber(2))
  const [first] = await sequencer.db
    .select()
    .from(l2Blocks)
    .where(eq(l2Blocks.batchNumber, BatchNumber(2)))
  told.upTo = 2
  const marker = encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 0 })
  for (const batchL2Data of [new Uint8Array(), first!.batchL2Data]) {
    told.changes.set(2, { closed: false, batchL2Data })
    await follower.poll()
  }
  expect((await getLastBlock(node.db)).hash).toBe(first!.hash)
  expect(await findBatch(node.db, BatchNumber(2))).toMatchObject({ closedAt: null, blockCount: 1 })
  // Another block, which the sequencer takes back before it closes the batch.
  told.changes.set(2, { closed: false, batchL2Data: concatBytes(first!.batchL2Data, marker) })
  await follower.poll()
  expect(await findBatch(node.db, BatchNumber(2))).toMatchObject({ closedAt: null, blockCount: 2 })
  told.changes.clear()
  await follower.poll()
  await follower.poll()
  expect((await getClosedBatch(node.db, BatchNumber(2))).stateRoot).toBe(whole.stateRoot)
  told.upTo = LAST
  await follower.poll()
  expect(await hashes(node)).toEqual(await hashes(sequencer))
})

test('a state that does not follow from the batch is refused', async () => {
  await node.poll()
  told.changes.set(4, { stateRoot: hashOf(0xbad) })
  expect(await follower.poll()).toMatchObject({ state: 'disagreeing' })
  expect(await findBatch(node.db, BatchNumber(4))).toBeUndefined()
  told.changes.clear()
  await follower.poll()
  expect(await hashes(node)).toEqual(await hashes(sequencer))
})

test('a batch that names a leaf of L1 that was not read waits for L1', async () => {
  await node.poll()
  const batchL2Data = encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 999 })
  told.changes.set(3, { batchL2Data })
  expect(await follower.poll()).toMatchObject({ state: 'behind' })
  expect(await findBatch(node.db, BatchNumber(3))).toBeUndefined()
})

test('L1 with another content wins; the sequencer is followed again when it agrees', async () => {
  await node.poll()
  await follower.poll()
  const before = await hashes(node)
  const subscriber = await Subscriber.open()
  const signer = new TransferSigner(CHAIN_ID)
  signer.sign('eth', 1) // that nonce is used
  const raw = decodeRawTransaction(signer.sign('eth', 2)[1]!)
  const other = concatBytes(
    encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 0 }),
    encodeBatchTransaction(raw, 255),
  )
  const [two, three] = await Promise.all([2, 3].map((number) => getClosedBatch(sequencer.db, BatchNumber(number))))
  const timestampLimit = three!.lastTimestamp + 1
  await l1.send('evm_increaseTime', [60])
  await l1.sequenceData([two!.batchL2Data, other], { timestampLimit, coinbase: COINBASE })
  await node.poll()
  const after = await hashes(node)
  const common = after.findIndex((hash, index) => hash !== before[index])
  expect(after.slice(0, common)).toEqual(before.slice(0, common))
  expect(await getLastBlock(node.db)).toMatchObject({ batchNumber: 3 })
  const removed = (await findRemovedBlocks(node.db, 0)).map(({ hash }) => hash)
  expect(removed).toEqual(before.slice(common))
  const [newHead] = after.slice(common)
  await until(() => subscriber.heads.includes(newHead!) && subscriber.logs.length >= removed.length, 10_000)
  const lost = subscriber.logs.map((log) => [log.blockHash, log.removed])
  // One token moves in each transaction; the new batch moves ether.
  expect([...new Set(lost.map(([hash]) => hash))]).toEqual(removed.toReversed())
  expect(lost.every(([, isRemoved]) => isRemoved === true)).toBe(true)
  await subscriber.close()
  expect(await follower.poll()).toEqual({ batchNumber: 3, state: 'disagreeing' })
  expect(await hashes(node)).toEqual(after)
  told.upTo = 2 // it starts again behind L1, and takes L1's batch
  expect(await follower.poll()).toMatchObject({ state: 'following' })
})

test('batches that the sequencer replaces before they are on L1 are replaced here', async () => {
  await node.poll()
  await follower.poll()
  const before = await hashes(node)
  // The same content at another time.
  const { batchL2Data } = await getClosedBatch(sequencer.db, BatchNumber(6))
  const later = concatBytes(encodeChangeL2Block({ deltaTimestamp: 9, indexL1InfoTree: 0 }), batchL2Data.subarray(9))
  told.changes.set(6, { batchL2Data: later, stateRoot: hashOf(6) })
  const again = new TrustedFollower({ ...node, sequencer: told, logger: pino({ level: 'silent' }) })
  expect(await again.poll()).toMatchObject({ state: 'disagreeing' }) // that root does not follow
  expect((await getLastBlock(node.db)).batchNumber).toBe(5)
  told.changes.clear()
  await again.poll()
  expect(await hashes(node)).toEqual(before)
})
