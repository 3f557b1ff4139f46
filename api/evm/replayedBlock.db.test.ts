import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { findHeader } from '#db/rpc/blocks.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { addressOfKey } from '#executor/testing/chain.ts'
import { BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { SENDER_KEY, startApiOfExecutedBlocks } from '../tests/executedBlocks.fixture.ts'
import { TEST_CHAIN_ID, type TestApi } from '../tests/testServer.ts'
import { readStoredBlock } from './replayedBlock.ts'

let api: TestApi
let txHash: string
beforeAll(async () => {
  const chain = await startApiOfExecutedBlocks({
    balances: { [addressOfKey(SENDER_KEY)]: 10n ** 18n },
    contracts: {},
  })
  api = chain.api
  const [receipt] = await chain.addBlock([{ to: addressOf(0xdead), value: 5n }])
  txHash = receipt!.txHash
})
afterAll(() => api?.close())

/** The database, on which this happens once a transaction has begun to read. */
function interrupted(db: Database, happens: () => Promise<unknown>): Database {
  const transaction: Database['transaction'] = (work, options) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`select from state.l2_blocks`)
      await happens()
      return await work(tx)
    }, options)
  return Object.assign(Object.create(db), { transaction })
}

test('a block that is undone while it is read is read as it was; then it is gone', async () => {
  const { hash } = (await findHeader(api.db, BlockNumber(1)))!
  const place = { blockNumber: BlockNumber(1), hash, forkId: 9, chainId: TEST_CHAIN_ID }
  const undo = () => api.db.transaction((tx) => deleteBatchesFrom(tx, BatchNumber(1)))
  const block = await readStoredBlock(interrupted(api.db, undo), place)
  expect(block.transactions.map((transaction) => transaction.hash)).toEqual([txHash])
  expect(block.parent.blockNumber).toBe(0)
  await expect(readStoredBlock(api.db, place)).rejects.toMatchObject({ code: -32000, shortMessage: 'header not found' })
})
