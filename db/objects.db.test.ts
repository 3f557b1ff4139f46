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
const contentOf = async (key: string) => {
  const content = await store.find(key)
  return content && [...content]
}

test('the first content of a key stays and is what everybody gets', async () => {
  expect([...(await store.put('proof/batch-1', bytes(1, 2)))]).toEqual([1, 2])
  expect([...(await store.put('proof/batch-1', bytes(3)))]).toEqual([1, 2])
  expect([...(await store.get('proof/batch-1'))]).toEqual([1, 2])
  const [one, other] = await Promise.all([store.put('proof/race', bytes(1)), store.put('proof/race', bytes(2))])
  expect([...one!]).toEqual([...other!])
})

test('an empty content is a content', async () => {
  await store.put('inputs/0', bytes())
  expect(await contentOf('inputs/0')).toEqual([])
  expect(await store.has('inputs/0')).toBe(true)
})

test('a key without a content', async () => {
  expect(await store.find('proof/none')).toBeUndefined()
  expect(await store.has('proof/none')).toBe(false)
  await expect(store.get('proof/none')).rejects.toThrow(ObjectNotFoundError)
  await expect(store.get('proof/none')).rejects.toThrow('key=proof/none')
  await store.delete(['proof/none'])
})

test('deletes what is named, and what begins with a prefix, and nothing beside it', async () => {
  const keys = ['witness/7/a', 'witness/7/b', 'witness/7/c', 'witness/70/a', 'witness/6/z', 'Witness/7/a']
  for (const [index, key] of keys.entries()) await store.put(key, bytes(index))
  await store.delete([])
  await store.delete(['witness/7/b', 'witness/7/"quoted"'])
  await expect(Promise.all(keys.map(contentOf))).resolves.toEqual([[0], undefined, [2], [3], [4], [5]])
  await store.deletePrefix('witness/7/')
  await expect(Promise.all(keys.map(contentOf))).resolves.toEqual([undefined, undefined, undefined, [3], [4], [5]])
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
