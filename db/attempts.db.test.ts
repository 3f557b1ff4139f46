import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import type { ProofJob } from '#prover/proofStore.ts'
import type { Assignment } from '#prover/types.ts'
import { openTestDatabase } from '#test/database.ts'
import {
  AttemptEndedError,
  assignAttempt,
  createProofAttempts,
  endAttempt,
  findLastAttempt,
  listAttempts,
  settleAttempts,
  startAttempt,
  summarizeAttempts,
} from './attempts.ts'
import type { Database } from './client.ts'
import { attempts } from './proofSchema.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  await db.delete(attempts)
})

const job = (jobId: string, fromBatch = 7, toBatch = fromBatch, kind: ProofJob['kind'] = 'batch'): ProofJob => {
  return { jobId, kind, fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch) }
}
const remote: Assignment = { proverId: 'p1', proverName: 'farm', proverKind: 'remote' }

test('an attempt from its start to its end', async () => {
  const started = await startAttempt(db, job('batch-7-r1'))
  expect(started).toMatchObject({ ...job('batch-7-r1'), attempt: 1, proverId: null, endedAt: null, outcome: null })
  await assignAttempt(db, started.id, remote)
  await assignAttempt(db, started.id, { ...remote, requestId: 'r-9' })
  await endAttempt(db, started.id, { outcome: 'failed', error: 'out of memory' })
  expect(await findLastAttempt(db, 'batch-7-r1')).toMatchObject({
    ...{ ...remote, requestId: 'r-9', attempt: 1 },
    ...{ outcome: 'failed', error: 'out of memory', endedAt: expect.any(Date) },
  })
  expect(await findLastAttempt(db, 'batch-7-r2')).toBeUndefined()
})

test('a try that stored its proof and never ended is settled as proved', async () => {
  await startAttempt(db, job('batch-7-r1'))
  const other = await startAttempt(db, job('batch-8-r1', 8))
  await settleAttempts(db, 'batch-7-r1')
  await settleAttempts(db, 'batch-7-r1')
  expect(await findLastAttempt(db, 'batch-7-r1')).toMatchObject({ outcome: 'proved', endedAt: expect.any(Date) })
  expect(await findLastAttempt(db, 'batch-8-r1')).toMatchObject({ id: other.id, outcome: null })
})

test('the next attempt of a job ends the one that never ended, and its late word changes nothing', async () => {
  const first = await startAttempt(db, job('batch-7-r1'))
  await assignAttempt(db, first.id, { ...remote, requestId: 'r-1' })
  const other = await startAttempt(db, job('batch-8-r1', 8))
  const second = await startAttempt(db, job('batch-7-r1'))
  expect(second.attempt).toBe(2)
  await endAttempt(db, first.id, { outcome: 'proved' })
  await expect(assignAttempt(db, first.id, remote)).rejects.toThrow(AttemptEndedError)
  expect((await listAttempts(db)).map(({ id, outcome, requestId }) => ({ id, outcome, requestId }))).toEqual([
    { id: second.id, outcome: null, requestId: null },
    { id: other.id, outcome: null, requestId: null },
    { id: first.id, outcome: 'lost', requestId: 'r-1' },
  ])
})

test('attempts of one job that start at once are numbered, and one of them is open', async () => {
  await Promise.all([1, 2, 3, 4].map(() => startAttempt(db, job('batch-7-r1'))))
  const rows = await listAttempts(db, { jobId: 'batch-7-r1' })
  expect(rows.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [4, null],
    [3, 'lost'],
    [2, 'lost'],
    [1, 'lost'],
  ])
})

test('attempts are found by each thing that is asked for, newest first, page by page', async () => {
  const one = await startAttempt(db, job('batch-7-r1', 7))
  const two = await startAttempt(db, job('aggregated-7-9-r1', 7, 9, 'aggregated'))
  const three = await startAttempt(db, job('final-1-9-r1', 1, 9, 'final'))
  await assignAttempt(db, one.id, remote)
  await endAttempt(db, one.id, { outcome: 'proved' })
  const ids = async (filter: Parameters<typeof listAttempts>[1]) => (await listAttempts(db, filter)).map(({ id }) => id)
  expect(await ids({})).toEqual([three.id, two.id, one.id])
  expect(await ids({ batchNumber: BatchNumber(7) })).toEqual([three.id, two.id, one.id])
  expect(await ids({ batchNumber: BatchNumber(8) })).toEqual([three.id, two.id])
  expect(await ids({ batchNumber: BatchNumber(10) })).toEqual([])
  expect(await ids({ kind: 'aggregated' })).toEqual([two.id])
  expect(await ids({ jobId: 'final-1-9-r1' })).toEqual([three.id])
  expect(await ids({ proverId: 'p1' })).toEqual([one.id])
  expect(await ids({ isOpen: true })).toEqual([three.id, two.id])
  expect(await ids({ isOpen: false })).toEqual([one.id])
  expect(await ids({ outcome: 'proved' })).toEqual([one.id])
  expect(await ids({ limit: 2 })).toEqual([three.id, two.id])
  expect(await ids({ before: two.id })).toEqual([one.id])
})

test('a summary counts every round of exactly this proof and tells the last error', async () => {
  const range = job('', 7)
  expect(await summarizeAttempts(db, range)).toEqual({ attempts: 0 })
  for (const [jobId, error] of [
    ['batch-7-r1', 'first'],
    ['batch-7-r1', 'second'],
    ['batch-7-r2', undefined],
  ] as const) {
    const { id } = await startAttempt(db, job(jobId))
    await endAttempt(db, id, error === undefined ? { outcome: 'proved' } : { outcome: 'failed', error })
  }
  await startAttempt(db, job('batch-8-r1', 8))
  await startAttempt(db, job('final-7-7-r1', 7, 7, 'final'))
  const lastEnd = { outcome: 'proved', endedAt: (await findLastAttempt(db, 'batch-7-r2'))!.endedAt }
  expect(await summarizeAttempts(db, range)).toEqual({ attempts: 3, lastError: 'second', lastEnd })

  const { id, startedAt } = await startAttempt(db, job('batch-7-r3'))
  expect(await summarizeAttempts(db, range)).toEqual({ attempts: 4, lastError: 'second' }) // waits for a prover
  await assignAttempt(db, id, remote)
  expect(await summarizeAttempts(db, range)).toEqual({ attempts: 4, lastError: 'second', provingSince: startedAt })
})

test('who had a job that ended without a word is told to the next attempt, and only to it', async () => {
  const proofAttempts = createProofAttempts(db)
  const start = async () => await proofAttempts.start(job('batch-7-r1'))
  const first = await start()
  expect(first.earlier).toBeUndefined()
  const second = await start()
  expect(second.earlier).toBeUndefined() // nobody had taken it
  await proofAttempts.assign(second.attemptId, { ...remote, requestId: 'r-1' })
  const third = await start()
  expect(third.earlier).toEqual({ ...remote, requestId: 'r-1' })
  await proofAttempts.assign(third.attemptId, remote)
  await proofAttempts.end(third.attemptId, 'failed', 'no memory')
  expect((await start()).earlier).toBeUndefined()
})
