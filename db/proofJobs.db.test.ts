import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import type { AttemptEnd, ProofKind } from '#prover/proofStore.ts'
import { openTestDatabase } from '#test/database.ts'
import { endAttempt, startAttempt } from './attempts.ts'
import type { Database } from './client.ts'
import { type JobFilter, listLastAttempts } from './proofJobs.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  await tryJob('batch-1-r1', 1, 1, 'failed')
  await tryJob('batch-1-r1', 1, 1, 'proved')
  await tryJob('batch-2-r1', 2, 2, 'refused')
  await tryJob('batch-3-r1', 3, 3, 'failed')
  await tryJob('batch-3-r2', 3, 3, 'proved')
  await tryJob('joined-1-3-r1', 1, 3, 'failed', 'aggregated')
  await tryJob('batch-4-r1', 4, 4, 'cancelled')
  await tryJob('batch-5-r1', 5, 5, 'failed')
  await tryJob('batch-5-r1', 5, 5)
})
afterAll(() => close())

/** Without an outcome it stays open. */
async function tryJob(jobId: string, from: number, to: number, outcome?: AttemptEnd, kind: ProofKind = 'batch') {
  const range = { fromBatch: BatchNumber(from), toBatch: BatchNumber(to) }
  const { id } = await startAttempt(db, { jobId, kind, ...range })
  if (outcome !== undefined) await endAttempt(db, id, { outcome, error: `${outcome} it` })
}
const list = async (filter: JobFilter) =>
  (await listLastAttempts(db, filter)).map(({ jobId, attempt, outcome }) => `${jobId} ${attempt} ${outcome}`)

test('of each job the last attempt, newest first', async () => {
  const all = [
    ...['batch-5-r1 2 null', 'batch-4-r1 1 cancelled', 'joined-1-3-r1 1 failed', 'batch-3-r2 1 proved'],
    ...['batch-3-r1 1 failed', 'batch-2-r1 1 refused', 'batch-1-r1 2 proved'],
  ]
  expect(await list({})).toEqual(all)
  expect(await list({ limit: 2 })).toEqual(all.slice(0, 2))
})

test('failed are those of which nothing later did better', async () => {
  expect(await list({ isFailed: true })).toEqual(['joined-1-3-r1 1 failed', 'batch-2-r1 1 refused'])
})

test('those that cover a batch, those of exactly a range', async () => {
  expect(await list({ batchNumber: BatchNumber(2) })).toEqual(['joined-1-3-r1 1 failed', 'batch-2-r1 1 refused'])
  const range = { fromBatch: BatchNumber(1), toBatch: BatchNumber(3) }
  expect(await list({ range, kind: 'aggregated' })).toEqual(['joined-1-3-r1 1 failed'])
  expect(await list({ range, kind: 'batch' })).toEqual([])
})
