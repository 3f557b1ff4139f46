import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeApiKey, makeApiKey } from '#cli/apiKeys.ts'
import { createLogger } from '#common/logger.ts'
import { listApiKeys, revokeApiKey } from '#db/rpc/apiKeys.ts'
import { apiKeys } from '#db/schema.ts'
import { openTestDatabase } from '#test/database.ts'
import { type ApiKeys, followApiKeys } from './apiKeys.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let keys: ApiKeys
beforeAll(async () => {
  database = await openTestDatabase()
  keys = await followApiKeys(database.db, createLogger('test', 'silent'))
})
afterAll(async () => {
  await keys?.close()
  await database?.close()
})

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isTrue(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(isTrue()).toBe(true)
}

test('a key that is made is valid in running processes until it is revoked, and stored as a hash alone', async () => {
  const { db } = database
  const key = await makeApiKey(db, { note: 'an explorer', namespaces: ['eth', 'net'], rate: 50 })
  await makeApiKey(db, { note: 'everything' })
  await until(() => keys.find(key) !== undefined)
  const found = keys.find(key)!
  expect(found).toEqual({
    id: expect.stringMatching(/^key_[0-9a-f]{8}$/),
    namespaces: new Set(['eth', 'net']),
    ratePerSecond: 50,
  })
  expect(keys.find(`${key}x`)).toBeUndefined()
  expect(JSON.stringify(await db.select().from(apiKeys))).not.toContain(key.slice(3))

  expect(await revokeApiKey(db, found.id)).toBe(true)
  expect(await revokeApiKey(db, found.id)).toBe(false)
  await until(() => keys.find(key) === undefined)
  const [first, second] = (await listApiKeys(db)).map(describeApiKey)
  expect(first).toMatch(new RegExp(`^${found.id}  \\S+  revoked \\S+  namespaces eth,net  rate 50  an explorer$`))
  expect(second).toMatch(/^key_[0-9a-f]{8} {2}\S+ {2}valid {2}namespaces all {2}rate default {2}everything$/)
})
