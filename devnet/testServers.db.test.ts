import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase } from '#test/postgres.ts'

test('each call gives an empty database of its own, gone after drop even with a connection open', async () => {
  const [one, two] = [await createTestDatabase(), await createTestDatabase()]
  const [sqlOne, sqlTwo] = [postgres(one.url), postgres(two.url)]
  await sqlOne`create table only_here (n int)`
  expect(await sqlTwo`select to_regclass('only_here') as found`).toEqual([{ found: null }])
  await one.drop()
  await expect(sqlOne`select 1`).rejects.toThrow()
  await sqlOne.end()
  await sqlTwo.end()
  await two.drop()
})
