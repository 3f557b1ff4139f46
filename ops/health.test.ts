import { expect, test } from 'vitest'
import { createChecks, type Finding } from './health.ts'

const since = expect.stringMatching(/^\d{4}-.*Z$/)

test('a process is ready when every required check is fine', async () => {
  const checks = createChecks()
  expect(await checks.check()).toEqual({ status: 'ready', checks: {} })
  let database: Finding = { ok: false, error: 'the database does not answer' }
  checks.add('database', () => database)
  checks.add('temporal', async () => ({ ok: false, error: 'away' }), { required: false })
  expect(await checks.check()).toEqual({
    status: 'not ready',
    checks: {
      database: { ok: false, required: true, since, error: 'the database does not answer' },
      temporal: { ok: false, required: false, since, error: 'away' },
    },
  })
  database = { ok: true, schema: 11 }
  expect(await checks.check()).toMatchObject({
    status: 'ready',
    checks: { database: { ok: true, schema: 11 }, temporal: { ok: false } },
  })
})

test('since is when a check became what it is', async () => {
  const checks = createChecks()
  let ok = true
  checks.add('l1', () => ({ ok }))
  const sinceOf = async () => (await checks.check()).checks['l1']!.since
  const first = await sinceOf()
  await new Promise((resolve) => setTimeout(resolve, 2))
  expect(await sinceOf()).toBe(first)
  ok = false
  expect(await sinceOf()).not.toBe(first)
})

test('a check that does not answer or throws fails, and holds nobody up', async () => {
  const checks = createChecks(5)
  checks.add('l1', () => new Promise(() => {}))
  checks.add('executor', () => {
    throw new Error('secret')
  })
  expect((await checks.check()).checks).toMatchObject({
    l1: { ok: false, error: 'no answer in time' },
    executor: { ok: false, error: 'the check itself failed' },
  })
})
