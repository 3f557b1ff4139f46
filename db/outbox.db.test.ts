import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { deleteSignals, findSignals, insertSignals } from './outbox.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())

const toBatch = { workflowId: 'batch-7', signal: 'l1Virtualized', args: [{ l1BlockNumber: 5 }] }
const withoutArguments = { workflowId: 'aggregator', signal: 'l1Progressed', args: [] }

test('signals come back in the order they were written, with or without arguments', async () => {
  await insertSignals(db, [{ ...toBatch, batchNumber: BatchNumber(7) }, withoutArguments])
  await insertSignals(db, [toBatch])
  const found = await findSignals(db)
  expect(found.map(({ id: _, ...signal }) => signal)).toEqual([
    { ...toBatch, batchNumber: 7 },
    withoutArguments,
    toBatch,
  ])
  expect(await findSignals(db, 1)).toEqual(found.slice(0, 1))
  await deleteSignals(
    db,
    found.slice(0, 2).map(({ id }) => id),
  )
  expect(await findSignals(db)).toEqual(found.slice(2))
})

test('a signal of a transaction that is rolled back was never there', async () => {
  const before = await findSignals(db)
  const failing = db.transaction(async (tx) => {
    await insertSignals(tx, [withoutArguments])
    throw new Error('undone')
  })
  await expect(failing).rejects.toThrow('undone')
  expect(await findSignals(db)).toEqual(before)
})
