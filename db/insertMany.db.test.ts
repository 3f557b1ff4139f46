import { count } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bigIntToBytes, bytesToHex } from '#common/bytes.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { treeNodes } from './schema.ts'
import { createDatabaseNodeStore, insertTreeNodes } from './treeNodes.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())

test('more rows than a statement takes are all inserted', async () => {
  const nodes = Array.from({ length: 20_001 }, (_, index) => ({
    hash: bigIntToBytes(BigInt(index), 32),
    data: bigIntToBytes(BigInt(index), 64),
  }))
  await insertTreeNodes(db, [{ blockNumber: 0, newNodes: nodes }])
  expect(await db.select({ rows: count() }).from(treeNodes)).toEqual([{ rows: 20_001 }])
  const last = nodes.at(-1)!
  const [found] = await createDatabaseNodeStore(db).getNodes([last.hash])
  expect(bytesToHex(found!)).toBe(bytesToHex(last.data))
})
