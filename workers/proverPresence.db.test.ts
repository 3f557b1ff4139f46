import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { provers } from '#db/proofSchema.ts'
import { listProvers } from '#db/provers.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import type { Prover } from '#prover/types.ts'
import { openTestDatabase } from '#test/database.ts'
import { claimsOf, undisturbed } from '#test/proofs.ts'
import { createProverPresence } from './proverPresence.ts'

let db: Database
let close: () => Promise<void>
let presence: ReturnType<typeof createProverPresence>
let work: () => Promise<string>
let prover: Prover
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  await db.delete(provers)
  const logger = createLogger('test', 'silent')
  presence = createProverPresence({ db, proverId: 'p', name: 'attic', logger, everyMs: 60_000 })
  await presence.begun
  const unasked = () => Promise.reject(new Error('not asked'))
  prover = presence.watch({ kind: 'embedded', proveBatch: unasked, finalize: unasked, aggregate: () => work() })
})
afterEach(() => presence.end())

const prove = (control = undisturbed()) =>
  prover.aggregate({ jobId: 'batch-7-r1', proofs: ['x', 'y'], claims: claimsOf(1, 2) }, control)
const row = async () => (await listProvers(db))[0]
const untilRow = (expected: object) => expect.poll(row).toMatchObject(expected)

test('a prover is there from its start to its end, and what machine it has', async () => {
  const { proverId, name, kind, state, jobId, cores, memoryBytes } = (await row())!
  expect({ proverId, name, kind, state, jobId }).toEqual({
    ...{ proverId: 'p', name: 'attic', kind: 'embedded', state: 'idle', jobId: null },
  })
  expect(cores).toBeGreaterThan(0)
  expect(memoryBytes).toBeGreaterThan(2 ** 20)
  await presence.end()
  expect(await row()).toMatchObject({ state: 'gone', reason: 'shut down' })
})

test('it is busy with a job, and what it proved is counted', async () => {
  let finish = (_: string) => {}
  work = () =>
    new Promise((resolve) => {
      finish = resolve
    })
  const running = prove()
  await untilRow({ state: 'busy', jobId: 'batch-7-r1', proved: 0 })
  finish('proof')
  expect(await running).toBe('proof')
  await untilRow({ state: 'idle', jobId: null, proved: 1, failed: 0 })
})

test('a failure of its own is counted; a refusal and a cancellation are none', async () => {
  work = () => Promise.reject(new ProofRefusedError('differs'))
  await expect(prove()).rejects.toThrow('differs')
  work = () => Promise.reject(new Error('stopped'))
  await expect(prove({ ...undisturbed(), signal: AbortSignal.abort() })).rejects.toThrow('stopped')
  work = () => Promise.reject(new Error('out of memory'))
  await expect(prove()).rejects.toThrow('out of memory')
  await untilRow({ state: 'idle', proved: 0, failed: 1 })
})

test('a proof store that is away does not disturb the job', async () => {
  const logger = createLogger('test', 'silent')
  const away = { insert: () => ({ values: () => ({ onConflictDoUpdate: () => Promise.reject(new Error('away')) }) }) }
  const deaf = createProverPresence({ db: away as never, proverId: 'q', name: 'q', logger, everyMs: 60_000 })
  work = async () => 'proof'
  const watched = deaf.watch(prover)
  const job = { jobId: 'j', proofs: ['x', 'y'] as const, claims: claimsOf(1, 2) }
  expect(await watched.aggregate(job, undisturbed())).toBe('proof')
  await deaf.end()
})
