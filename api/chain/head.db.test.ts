import { gte } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { openBatch } from '#db/batches.ts'
import { BlockNotFoundError, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { l2Blocks } from '#db/schema.ts'
import { BatchNumber, type BlockNumber } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { followHead, type Head } from './head.ts'

let db: Database
let close: () => Promise<void>
let head: Head
const logger = createLogger('test', 'fatal')

beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(async () => {
  await head?.close()
  await close()
})

const add = (number: number, block = {}) => db.transaction((tx) => storeBlock(tx, blockOf(number, 0, { block })))

test('without a genesis there is no head', async () => {
  await expect(followHead(db, logger)).rejects.toBeInstanceOf(BlockNotFoundError)
})

test('news come in order; after a reorg the lost blocks are named and the new ones follow', async () => {
  await openBatch(db, { batchNumber: BatchNumber(0), kind: 'genesis', forkId: 9, coinbase: addressOf(0) })
  await add(0)
  head = await followHead(db, logger)
  const news: string[] = []
  head.subscribe(({ added, removed }) => {
    for (const { blockNumber } of removed) news.push(`-${blockNumber}`)
    for (const { blockNumber } of added) news.push(`+${blockNumber}`)
  })
  for (const number of [1, 2, 3]) await add(number)
  await head.reach(3)
  expect(head.latest.blockNumber).toBe(3)
  expect(news).toEqual(['+1', '+2', '+3'])

  await db.transaction(async (tx) => {
    await tx.delete(l2Blocks).where(gte(l2Blocks.blockNumber, 2 as BlockNumber))
    await storeBlock(tx, blockOf(2, 0, { block: { hash: hashOf(0xbeef) } }))
  })
  while (head.latest.hash !== hashOf(0xbeef)) await new Promise((done) => setTimeout(done, 5))
  expect(news).toEqual(['+1', '+2', '+3', '-3', '-2', '+2'])
  const { blockNumber, hash } = head.latest
  expect(head.includes({ blockNumber, hash })).toBe(true)
  expect(head.includes({ blockNumber, hash: blockOf(2, 0).block.hash })).toBe(false)
  await add(3, { hash: hashOf(0xcafe) })
  await head.reach(3)
  expect(head.latest.hash).toBe(hashOf(0xcafe))
})
