import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBlocksOfBatch, getLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { type DevRequest, insertDevRequest, readDevRequests } from '#db/devRequests.ts'
import { findDevSnapshot } from '#db/devSnapshots.ts'
import { notify } from '#db/notify.ts'
import { devSnapshots } from '#db/schema.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { openTestDatabase } from '#test/database.ts'
import { createSequencer, pour, seedChain, signTransfer, wallets } from '#test/sequencing.ts'
import type { Sequencer } from './sequencer.ts'

const [alice] = wallets as [(typeof wallets)[0]]
const BATCH = BatchNumber(2)

let db: Database
let close: () => Promise<void>
let sequencer: Sequencer
beforeEach(async () => {
  ;({ db, close } = await openTestDatabase())
  await seedChain(db)
})
afterEach(async () => {
  await sequencer.close()
  await close()
})

const collect = (options: Parameters<typeof createSequencer>[1]) => {
  sequencer = createSequencer(db, { trailingBlockMs: 0, ...options }, { namespaces: ['dev'] })
  return sequencer.collect(BATCH, new AbortController().signal)
}
const request = (wanted: DevRequest) => db.transaction((tx) => insertDevRequest(tx, wanted))
const blockNumber = async () => (await getLastBlock(db)).blockNumber

test('what was asked while no sequencer ran is done in order by the next one', async () => {
  const timestamp = Math.floor(Date.now() / 1000) + 1000
  await request({ kind: 'mine', blocks: 1, intervalSeconds: 0, begun: false })
  await request({ kind: 'setNextTimestamp', timestamp })
  await request({ kind: 'mine', blocks: 3, intervalSeconds: 7, begun: false })
  expect(await collect({ batchMaxMs: 500 })).toEqual({
    ...{ txCount: 0, blockCount: 4, closingReason: 'Max delta timestamp' },
  })
  const [, ...times] = (await findBlocksOfBatch(db, BATCH)).map((block) => block.timestamp)
  expect(times).toEqual([timestamp, timestamp + 7, timestamp + 14])
  expect(await readDevRequests(db)).toEqual([])
})

test('blocks that another process had begun are gone on with', async () => {
  await request({ kind: 'mine', blocks: 1, intervalSeconds: 0, begun: false })
  await request({ kind: 'setNextTimestamp', timestamp: 4_000_000_000 })
  await request({ kind: 'mine', blocks: 1, intervalSeconds: 0, begun: false })
  await request({ kind: 'mine', blocks: 2, intervalSeconds: 60, begun: true })
  await collect({ batchMaxMs: 500 })
  const [, ...times] = (await findBlocksOfBatch(db, BATCH)).map((block) => block.timestamp)
  expect(times).toEqual([4_000_000_000, 4_000_000_060, 4_000_000_120])
})

test('a snapshot keeps the batch open for ten minutes', async () => {
  const collecting = collect({ batchMaxMs: 1 })
  const id = await request({ kind: 'snapshot' })
  await expect.poll(() => findDevSnapshot(db, id)).toMatchObject({ batchNumber: 2, blockNumber: 0 })
  for (const nonce of [0, 1]) {
    await pour(db, [await signTransfer(alice, nonce)])
    await expect.poll(blockNumber).toBe(nonce + 1)
  }
  await db.update(devSnapshots).set({ createdAt: new Date(Date.now() - 600_001) })
  await notify(db, 'dev', id)
  expect(await collecting).toEqual({ txCount: 2, blockCount: 2, closingReason: 'Max delta timestamp' })
})

test('going back leaves the batch as it was, and it goes on from there', async () => {
  const collecting = collect({ batchMaxMs: 60_000, batchMaxTransactions: 2 })
  await pour(db, [await signTransfer(alice, 0)])
  await expect.poll(blockNumber).toBe(1)
  const kept = await getLastBlock(db)
  const snapshot = await request({ kind: 'snapshot' })
  await request({ kind: 'mine', blocks: 2, intervalSeconds: 0, begun: false })
  await request({ kind: 'revert', snapshot })
  await expect.poll(() => readDevRequests(db)).toEqual([])
  expect(await getLastBlock(db)).toEqual(kept)
  await pour(db, [await signTransfer(alice, 1)])
  expect(await collecting).toEqual({ txCount: 2, blockCount: 2, closingReason: 'Max transactions' })
})
