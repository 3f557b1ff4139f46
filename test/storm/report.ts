import { type AttemptRow, listAttempts } from '#db/attempts.ts'
import type { Database } from '#db/client.ts'
import type { ProverProcess } from './proverProcess.ts'
import { type StormWatch, withoutNames } from './watch.ts'

type Row = Record<string, number | string>

/** Every attempt at a proof there was. */
export const readAttempts = (db: Database): Promise<AttemptRow[]> => listAttempts(db, { limit: 1_000_000 })

export function proverRows(
  provers: readonly ProverProcess[],
  attempts: readonly AttemptRow[],
  { asides, longestIdle }: StormWatch,
): Row[] {
  return provers.map(({ proverId, kind, kills }) => {
    const own = attempts.filter((attempt) => attempt.proverId === proverId)
    const outcomes = (outcome: AttemptRow['outcome']) => own.filter((attempt) => attempt.outcome === outcome).length
    const aside = [...(asides.get(proverId)?.values() ?? [])].reduce((sum, times) => sum + times, 0)
    return {
      prover: proverId,
      kind,
      proved: outcomes('proved'),
      failed: outcomes('failed') + outcomes('refused'),
      lost: outcomes('lost'),
      killed: kills,
      'put aside': aside,
      'longest idle while work waits, s': ((longestIdle.get(proverId)?.milliseconds ?? 0) / 1000).toFixed(1),
    }
  })
}

/** Attempts by the kind of proof and how they ended. */
export function attemptRows(attempts: readonly AttemptRow[]): Row[] {
  const kinds = ['batch', 'aggregated', 'final'] as const
  return kinds.map((kind) => {
    const own = attempts.filter((attempt) => attempt.kind === kind)
    const row: Row = { kind, jobs: new Set(own.map(({ jobId }) => jobId)).size, attempts: own.length }
    for (const { outcome } of own) row[outcome ?? 'open'] = Number(row[outcome ?? 'open'] ?? 0) + 1
    return row
  })
}

/** Why attempts failed, all provers together. */
export function failureRows(attempts: readonly AttemptRow[]): Row[] {
  const reasons = new Map<string, number>()
  for (const { outcome, error } of attempts) {
    if (outcome !== 'failed' && outcome !== 'refused') continue
    const reason = withoutNames(error?.replace(/^The prover did not do its work\. .*reason=/, '') ?? '')
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return [...reasons]
    .sort((a, b) => b[1] - a[1])
    .map(([reason, times]) => ({ 'an attempt failed because': reason, times }))
}

/** Why provers were put aside, all provers together. */
export function asideRows({ asides }: StormWatch): Row[] {
  const reasons = new Map<string, number>()
  for (const own of asides.values())
    for (const [reason, times] of own) reasons.set(reason, (reasons.get(reason) ?? 0) + times)
  return [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, times]) => ({ 'put aside because': reason, times }))
}

/** Jobs that were done more than once. */
export function findDoneTwice(attempts: readonly AttemptRow[]): string[] {
  const done = attempts.filter(({ outcome }) => outcome === 'proved').map(({ jobId }) => jobId)
  return [...new Set(done.filter((jobId, index) => done.indexOf(jobId) !== index))]
}
