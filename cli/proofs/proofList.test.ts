import { expect, test } from 'vitest'
import type { AttemptRow } from '#db/attempts.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { describeProofs, formatProofs } from './proofList.ts'
import type { Unfinished } from './unfinished.ts'

const now = new Date('2026-01-01T01:00:00Z')
const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000)

type Fields = Partial<Omit<AttemptRow, 'fromBatch' | 'toBatch'>> & { id: number; from: number; to?: number }
/** Of the farm's prover; over, unless it has no outcome. */
function attemptOf({ from, to = from, ...fields }: Fields): AttemptRow {
  const isOpen = fields.outcome === undefined || fields.outcome === null
  return {
    ...{ jobId: `batch-${from}-r1`, kind: 'batch', fromBatch: BatchNumber(from), toBatch: BatchNumber(to), attempt: 1 },
    ...{ proverId: 'p1', proverName: 'farm', proverKind: 'remote', requestId: null, error: null, outcome: null },
    ...{ startedAt: secondsAgo(90), endedAt: isOpen ? null : secondsAgo(30) },
    ...fields,
  }
}
const workflowOf = (batch: number, fields: Partial<Unfinished> = {}): Unfinished => {
  return { workflowId: `batch-${batch}`, kind: 'batch', parked: false, fromBatch: batch, toBatch: batch, ...fields }
}

test('an attempt that is open, one that waits for a prover, one that is over', () => {
  const jobs = [
    attemptOf({ id: 3, from: 3 }),
    attemptOf({ id: 2, from: 2, proverId: null, proverName: null, proverKind: null }),
    attemptOf({ id: 1, from: 1, outcome: 'proved', attempt: 2 }),
  ]
  const proofs = describeProofs({ jobs, unfinished: [workflowOf(3), workflowOf(2)], now })
  expect(proofs.map(({ job, state, attempt, prover, seconds }) => [job, state, attempt, prover, seconds])).toEqual([
    ['batch-3-r1', 'proving', 1, 'farm', 90],
    ['batch-2-r1', 'waiting', 1, null, 90],
    ['batch-1-r1', 'proved', 2, 'farm', 60],
  ])
  expect(proofs.every(({ parked, remedy }) => !parked && remedy === null)).toBe(true)
})

test('what failed waits for its next attempt while its workflow goes on', () => {
  const jobs = [attemptOf({ id: 1, from: 1, outcome: 'failed', error: 'no memory' })]
  expect(describeProofs({ jobs, unfinished: [workflowOf(1)], now })[0]).toMatchObject({
    ...{ state: 'waiting', parked: false, lastError: 'no memory' },
  })
  expect(describeProofs({ jobs, unfinished: [], now })[0]).toMatchObject({ state: 'failed', parked: false })
})

test('what is parked comes first, with the error of its workflow; of its rounds the last one', () => {
  const jobs = [
    attemptOf({ id: 4, from: 9 }),
    attemptOf({ id: 3, from: 7, jobId: 'batch-7-r2', outcome: 'proved' }),
    attemptOf({ id: 2, from: 7, outcome: 'failed', error: 'no memory' }),
  ]
  const unfinished = [workflowOf(7, { parked: true, lastError: 'ProofMismatchError' }), workflowOf(9)]
  const proofs = describeProofs({ jobs, unfinished, now })
  expect(proofs.map(({ job, state, parked, lastError }) => [job, state, parked, lastError])).toEqual([
    ['batch-7-r2', 'proved', true, 'ProofMismatchError'],
    ['batch-9-r1', 'proving', false, null],
    ['batch-7-r1', 'failed', false, 'no memory'],
  ])
  expect(proofs[0]!.remedy).toBe('zknode proofs retry 7; docs/runbooks/proof-failed.md')
})

test('workflows of which no prover has heard, and verifications', () => {
  const unfinished = [
    workflowOf(5),
    workflowOf(3, { workflowId: 'proof-3-4', kind: 'aggregated', toBatch: 4, parked: true, lastError: 'lost' }),
    workflowOf(1, { workflowId: 'aggregator', kind: 'verification', parked: true, lastError: 'InvalidProof' }),
    workflowOf(1, { workflowId: 'l1-verify-1-2', kind: 'verification', toBatch: 2, parked: true }),
  ]
  const proofs = describeProofs({ jobs: [], unfinished, now })
  expect(proofs.map(({ job, state, remedy }) => [job, state, remedy])).toEqual([
    ['proof-3-4', 'failed', 'zknode proofs retry 3-4; docs/runbooks/proof-failed.md'],
    ['aggregator', 'failed', 'zknode proofs retry --failed; docs/runbooks/verification-reverted.md'],
    ['l1-verify-1-2', 'failed', 'docs/runbooks/verification-reverted.md'],
    ['batch-5', 'waiting', null],
  ])
})

test('as a table', () => {
  const jobs = [attemptOf({ id: 1, from: 7, outcome: 'refused', error: 'wrong\nroot' }), attemptOf({ id: 2, from: 8 })]
  const proofs = describeProofs({ jobs, unfinished: [workflowOf(7, { parked: true })], now })
  expect(formatProofs(proofs, now)).toEqual([
    'JOB         KIND   BATCHES  TRY  PROVER         STATE            AGO  TOOK  LAST ERROR',
    'batch-7-r1  batch  7        1    farm (remote)  refused, parked  30s  1m    wrong root',
    'batch-8-r1  batch  8        1    farm (remote)  proving          1m   1m',
    '',
    'Parked until somebody acts. Mend the cause, then',
    '  batch-7-r1: zknode proofs retry 7; docs/runbooks/proof-failed.md',
  ])
  expect(formatProofs([], now)).toEqual(['No proofs.'])
})
