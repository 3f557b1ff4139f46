import { afterAll, beforeAll, expect, test } from 'vitest'
import { Address, BatchNumber } from '#protocol/primitives.ts'
import { batchJobId, finalJobId, joinJobId, partId } from '#prover/jobs.ts'
import { inputsKey, ObjectNotFoundError, type ObjectStore, proofKey, witnessKey } from '#prover/objectStore.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { createDatabaseObjectStore, deleteObjectsUpTo } from './objects.ts'
import { objects } from './proofSchema.ts'

let db: Database
let store: ObjectStore
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  store = createDatabaseObjectStore(db)
})
afterAll(() => close())

const bytes = (...values: number[]) => Uint8Array.from(values)
test('the first content of a key stays and is what everybody gets', async () => {
  expect([...(await store.put('proof/batch-1', bytes(1, 2)))]).toEqual([1, 2])
  expect([...(await store.put('proof/batch-1', bytes(3)))]).toEqual([1, 2])
  expect([...(await store.get('proof/batch-1'))]).toEqual([1, 2])
  const [one, other] = await Promise.all([store.put('proof/race', bytes(1)), store.put('proof/race', bytes(2))])
  expect([...one!]).toEqual([...other!])
})

test('an empty content is a content', async () => {
  await store.put('inputs/0', bytes())
  expect([...(await store.get('inputs/0'))]).toEqual([])
  expect(await store.has('inputs/0')).toBe(true)
})

test('a key without a content', async () => {
  expect(await store.has('proof/none')).toBe(false)
  await expect(store.get('proof/none')).rejects.toThrow(ObjectNotFoundError)
  await expect(store.get('proof/none')).rejects.toThrow('key=proof/none')
})

test('what is of batches up to one goes, whatever it is', async () => {
  await db.delete(objects)
  const digest = 'ab'.repeat(32)
  const attester = `0x${'12'.repeat(20)}`
  const keysOf = (number: number) => {
    const range = { fromBatch: number - 1, toBatch: number, round: 1 }
    const batch = batchJobId({ batchNumber: number, round: 1, digest })
    return [
      witnessKey(BatchNumber(number), bytes(number)),
      inputsKey(BatchNumber(number), digest),
      ...[batch, partId(batch, attester)].map(proofKey),
      proofKey(joinJobId({ ...range, proofIds: ['a', 'b'] })),
      proofKey(finalJobId({ ...range, aggregator: Address(attester), inputId: 'a' })),
    ]
  }
  const [seven, eight, seventy] = [keysOf(7), keysOf(8), keysOf(70)]
  for (const key of [...seven, ...eight, ...seventy, 'other/7']) await store.put(key, bytes())
  expect(await deleteObjectsUpTo(db, BatchNumber(6))).toBe(0)
  expect(await deleteObjectsUpTo(db, BatchNumber(7))).toBe(seven.length)
  const left = (await db.select({ key: objects.key }).from(objects)).map(({ key }) => key)
  expect(left.toSorted()).toEqual([...eight, ...seventy, 'other/7'].toSorted())
})
