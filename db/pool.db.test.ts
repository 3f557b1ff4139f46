import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPoolIntake } from '#pool/submission.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { listen } from './notify.ts'
import { countPool, createPoolStore, findPoolTransaction, listPoolTransactions, readNextNonce } from './pool.ts'
import { rejectTransactions } from './poolFeed.ts'
import { accounts, blockedAddresses, poolTransactions } from './schema.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  const account = { nonce: 5, balance: 77n, codeHash: null, codeSize: 0 }
  await db.insert(accounts).values([
    { ...account, address: addressOf(1), blockNumber: 0 as never, nonce: 4 },
    { ...account, address: addressOf(1), blockNumber: 3 as never },
    { ...account, address: addressOf(2), blockNumber: 0 as never, codeHash: hashOf(9), codeSize: 4 },
  ])
  await db.insert(blockedAddresses).values({ address: addressOf(3) })
})
afterAll(() => close())
beforeEach(async () => {
  await db.delete(poolTransactions)
})

const row = (id: number, fields: { sender?: number; nonce?: number; gasPrice?: bigint } = {}) => ({
  hash: hashOf(id),
  nonce: 5,
  gasPrice: 100n,
  gasLimit: 21_000,
  cost: 10n ** 24n,
  raw: Uint8Array.of(id),
  ...fields,
  sender: addressOf(fields.sender ?? 1),
})
const open = () => createPoolStore(db, { priceBumpPercent: 10, accountQueue: 3 })

test('the view has the newest account, code, blocks, waiting ones of the nonces asked for, and mined', async () => {
  await open().insert([row(1), row(2, { nonce: 6, gasPrice: 2n ** 200n }), row(3, { nonce: 7 })])
  const senders = [addressOf(1), addressOf(2), addressOf(3), addressOf(4)]
  const nonces = new Map(senders.map((sender) => [sender, { low: 5, high: 6 }]))
  const view = await open().readView(nonces, [hashOf(1)])
  expect(view.pendingCount).toBe(3)
  expect(view.minedHashes.size).toBe(0)
  expect(view.senders.get(addressOf(1))).toEqual({
    nonce: 5,
    balance: 77n,
    hasCode: false,
    blocked: false,
    pending: new Map([
      [5, { hash: hashOf(1), gasPrice: 100n }],
      [6, { hash: hashOf(2), gasPrice: 2n ** 200n }],
    ]),
    waitingCount: 0,
  })
  expect(view.senders.get(addressOf(2))?.hasCode).toBe(true)
  expect(view.senders.get(addressOf(3))?.blocked).toBe(true)
  expect(view.senders.get(addressOf(4))).toMatchObject({ nonce: 0, balance: 0n })
})

test('those that wait from the nonce of the account on are counted for a nonce beyond its queue alone', async () => {
  await open().insert([row(1, { nonce: 4 }), row(2), row(3, { nonce: 7 }), row(4, { sender: 2 })])
  const countFor = async (high: number) => {
    const view = await open().readView(new Map([[addressOf(1), { low: 5, high }]]), [])
    return view.senders.get(addressOf(1))?.waitingCount
  }
  expect(await countFor(7)).toBe(0)
  expect(await countFor(8)).toBe(2)
})

test('what is stored reads back whole, and listeners hear its arrival', async () => {
  const heard: (number | undefined)[] = []
  const stop = await listen(db, 'pool', (arrival) => heard.push(arrival))
  expect(await open().insert([row(1), row(2, { nonce: 6 })])).toEqual(new Set([hashOf(1), hashOf(2)]))
  const [first, second] = await listPoolTransactions(db, { sender: addressOf(1), limit: 10 })
  expect(first).toMatchObject({ ...row(1), raw: Buffer.of(1) })
  expect(second).toMatchObject({ ...row(2, { nonce: 6 }), raw: Buffer.of(2) })
  while (!heard.includes(Math.max(first!.arrival, second!.arrival))) await new Promise((done) => setTimeout(done, 5))
  await stop()
})

test('the database decides replacements: a tenth more replaces, less does not, with a new arrival', async () => {
  await open().insert([row(1)])
  const before = await findPoolTransaction(db, hashOf(1))
  expect(await open().insert([row(2, { gasPrice: 109n }), row(3, { nonce: 6 })])).toEqual(new Set([hashOf(3)]))
  expect(await open().insert([row(4, { gasPrice: 110n })])).toEqual(new Set([hashOf(4)]))
  expect(await findPoolTransaction(db, hashOf(1))).toBeUndefined()
  expect((await findPoolTransaction(db, hashOf(4)))!.arrival).toBeGreaterThan(before!.arrival)
})

test('two processes that store the same nonces at once keep one of each, and neither hangs', async () => {
  const stores = [open(), open(), open(), open()]
  const rounds = Array.from({ length: 10 }, (_, round) =>
    stores.map((store, process) => {
      const rows = [5, 6, 7, 8].map((nonce) => row(1000 * round + 10 * nonce + process + 1, { nonce }))
      return store.insert(process % 2 === 0 ? rows : rows.reverse())
    }),
  )
  const stored = await Promise.all(rounds.flat())
  const waiting = await listPoolTransactions(db, { limit: 100 })
  expect(waiting.map(({ nonce }) => nonce)).toEqual([5, 6, 7, 8])
  expect(new Set(stored.flatMap((hashes) => [...hashes]))).toEqual(new Set(waiting.map(({ hash }) => hash)))
})

test('a rejected transaction is not found and may be sent again', async () => {
  await open().insert([row(1)])
  await rejectTransactions(db, [hashOf(1)], 'out of counters: steps')
  expect(await findPoolTransaction(db, hashOf(1))).toBeUndefined()
  expect(await countPool(db)).toEqual({ pending: 0, queued: 0 })
  expect(await open().insert([row(1), row(2, { nonce: 6 })])).toEqual(new Set([hashOf(1), hashOf(2)]))
  const rows = await db
    .select()
    .from(poolTransactions)
    .where(eq(poolTransactions.hash, hashOf(1)))
  expect(rows).toMatchObject([{ status: 'pending', rejectedReason: null }])
})

test('the next nonce is behind the run that starts at the account', async () => {
  expect(await readNextNonce(db, addressOf(1))).toBe(5)
  expect(await readNextNonce(db, addressOf(9))).toBe(0)
  await open().insert([row(1, { nonce: 5 }), row(2, { nonce: 6 }), row(3, { nonce: 8 }), row(4, { nonce: 2 })])
  expect(await readNextNonce(db, addressOf(1))).toBe(7)
  expect(await countPool(db)).toEqual({ pending: 2, queued: 1 })
})

test('it is what the intake of the pool stores into', () => {
  const rules = { chainId: 1, accountQueue: 1, globalQueue: 1, maxTransactionBytes: 1, maxTransactionDataBytes: 1 }
  const more = { minGasPriceWei: 0n, allowUnprotected: true, priceBumpPercent: 10 }
  expect(createPoolIntake({ store: open(), rules: { ...rules, ...more } })).toBeDefined()
})
