import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { provers } from './proofSchema.ts'
import { addFailed, addProved, type ConnectedProver, listProvers, markGone, upsertProver } from './provers.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  await db.delete(provers)
})

const connectedAt = new Date('2026-01-02T03:04:05Z')
const farm: ConnectedProver = {
  ...{ proverId: 'p1', name: 'farm', kind: 'remote', address: '10.0.0.7:50000', forkId: 9, cores: 96 },
  ...{ memoryBytes: 2 ** 39, freeMemoryBytes: 2 ** 38, state: 'idle', connectedAt },
}
const absent = { reason: null, asideUntil: null, jobId: null }

test('a prover is shown as it was told last; what it did is counted on', async () => {
  await upsertProver(db, { ...farm, state: 'busy', jobId: 'batch-7-r1' })
  await addProved(db, 'p1')
  await addProved(db, 'p1')
  await addFailed(db, 'p1')
  const asideUntil = new Date('2026-01-02T04:00:00Z')
  await upsertProver(db, { ...farm, state: 'aside', reason: 'hangs', asideUntil })
  expect(await listProvers(db)).toEqual([
    { ...farm, ...absent, state: 'aside', reason: 'hangs', asideUntil, proved: 2, failed: 1, seenAt: expect.any(Date) },
  ])
  await upsertProver(db, { proverId: 'p1', name: 'farm', kind: 'remote', state: 'idle', connectedAt })
  expect(await listProvers(db)).toMatchObject([{ ...absent, state: 'idle', cores: null, proved: 2 }])
})

test('who leaves is gone with the reason, until it is there again', async () => {
  await upsertProver(db, { ...farm, state: 'busy', jobId: 'batch-7-r1' })
  await markGone(db, 'p1', 'closed the stream')
  expect(await listProvers(db)).toMatchObject([{ ...absent, state: 'gone', reason: 'closed the stream' }])
  const later = new Date('2026-01-03T00:00:00Z')
  await upsertProver(db, { ...farm, connectedAt: later })
  expect(await listProvers(db)).toMatchObject([{ ...absent, state: 'idle', connectedAt: later }])
})

test('who says nothing for a while is listed as gone', async () => {
  await upsertProver(db, { ...farm, state: 'busy', jobId: 'batch-7-r1' })
  await upsertProver(db, { ...farm, proverId: 'p2', name: 'attic' })
  await db.update(provers).set({ seenAt: sql`now() - interval '16 seconds'` }).where(eq(provers.proverId, 'p1'))
  expect((await listProvers(db)).map(({ name, state, reason, jobId }) => [name, state, reason, jobId])).toEqual([
    ['attic', 'idle', null, null],
    ['farm', 'gone', 'silent', null],
  ])
  expect((await listProvers(db, 20_000)).map(({ state }) => state)).toEqual(['idle', 'busy'])
})
