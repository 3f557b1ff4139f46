import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { storeL1Block } from '#db/l1.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { L1_FINALIZED_CURSOR, L1_SAFE_CURSOR } from '#db/rpc/batches.ts'
import { cursors, verifications } from '#db/schema.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { cleanProofStore } from './proofCleaning.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())

test('what is final on L1 leaves the proof store, what is only verified stays', async () => {
  for (const [number, batch] of [
    [10, 5],
    [11, 8],
  ] as const) {
    await storeL1Block(db, { number, hash: hashOf(number), parentHash: hashOf(number - 1), timestamp: 1 }, true)
    const range = { fromBatch: BatchNumber(batch - 2), toBatch: BatchNumber(batch) }
    await db.insert(verifications).values({
      ...{ ...range, l1BlockNumber: number, l1TxHash: hashOf(number), stateRoot: hashOf(1), exitRoot: hashOf(2) },
      ...{ aggregator: addressOf(3), trusted: true },
    })
  }
  const objects = createDatabaseObjectStore(db)
  for (const key of ['witness/5/a', 'witness/6/a', 'proof/batch-8-r1-a']) await objects.put(key, new Uint8Array())
  const told: object[] = []
  const logger = { info: (facts: object) => told.push(facts), warn: () => {} } as never
  await cleanProofStore({ db, proofStore: db, logger }) // nothing is final yet
  const position = 10
  await db
    .insert(cursors)
    .values([L1_SAFE_CURSOR, L1_FINALIZED_CURSOR].map((name) => ({ name, position, target: position })))
  await cleanProofStore({ db, proofStore: db, logger })
  expect(told).toEqual([{ deleted: 1, upToBatch: 5 }])
  expect(await objects.has('witness/5/a')).toBe(false)
  expect([await objects.has('witness/6/a'), await objects.has('proof/batch-8-r1-a')]).toEqual([true, true])
})
