import { afterAll, beforeAll, expect, test } from 'vitest'
import { ObjectNotFoundError, type ObjectStore } from '#prover/objectStore.ts'
import { openTestDatabase } from '#test/database.ts'
import { createDatabaseObjectStore } from './objects.ts'

let store: ObjectStore
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTestDatabase()
  close = opened.close
  store = createDatabaseObjectStore(opened.db)
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
