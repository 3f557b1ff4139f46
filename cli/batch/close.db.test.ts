import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBatch } from '#db/batches.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { closeOpenBatch, NothingToCloseError } from './close.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('nobody is asked when no batch is open, or the open one holds nothing', async () => {
  const client = new Proxy({} as Client, {
    get: () => {
      throw new Error('Temporal is asked.')
    },
  })
  const { db } = database
  await expect(closeOpenBatch(client, db)).rejects.toThrow(new NothingToCloseError('No batch is open.'))
  await openBatch(db, { batchNumber: BatchNumber(7), kind: 'trusted', forkId: 9, coinbase: addressOf(1) })
  await expect(closeOpenBatch(client, db)).rejects.toThrow('The open batch is empty. batchNumber=7')
})
