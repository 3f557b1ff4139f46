import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { poolTransactions } from '#db/schema.ts'
import { openTestDatabase } from '#test/database.ts'
import { signTransfer, wallets } from '#test/sequencing.ts'
import { PoolFeed } from './poolFeed.ts'

let db: Database
let close: () => Promise<void>
beforeEach(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterEach(() => close())

const [alice] = wallets as [(typeof wallets)[0]]
async function put(arrival: number, nonce: number): Promise<void> {
  await db.insert(poolTransactions).values({ ...(await signTransfer(alice, nonce)), arrival })
}
async function noncesOf(feed: PoolFeed): Promise<number[]> {
  while (await feed.refresh()) {}
  return feed.takeArrived().map(({ nonce }) => nonce)
}

test('what returned from undone blocks comes first, and what arrives long after it is found', async () => {
  await put(-1, 0)
  await put(0, 1)
  await put(200_000, 2)
  const feed = new PoolFeed(db)
  expect(await noncesOf(feed)).toEqual([0, 1, 2])
  await put(400_000, 3)
  expect(await noncesOf(feed)).toEqual([3])
  await put(400_001, 4)
  expect(await noncesOf(feed)).toEqual([4])
})

test('a pool that was empty takes an arrival of any number', async () => {
  const feed = new PoolFeed(db)
  expect(await noncesOf(feed)).toEqual([])
  await put(300_000, 0)
  expect(await noncesOf(feed)).toEqual([0])
  await put(300_001, 1)
  expect(await noncesOf(feed)).toEqual([1])
})

test('a number that was passed over is taken when it becomes visible', async () => {
  const feed = new PoolFeed(db)
  await put(5, 0)
  await put(8, 3)
  expect(await noncesOf(feed)).toEqual([0, 3])
  await put(7, 2)
  await put(6, 1)
  expect(await noncesOf(feed)).toEqual([1, 2])
  expect(await noncesOf(feed)).toEqual([])
})
