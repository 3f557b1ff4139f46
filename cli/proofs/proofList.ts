import type { AttemptRow } from '#db/attempts.ts'
import type { ProofKind } from '#prover/proofStore.ts'
import type { ProverKind } from '#prover/types.ts'
import type { BatchRange } from '#workflows/messages.ts'
import { RUNBOOK } from '#workflows/runbooks.ts'
import { formatAge, formatTable, oneLine } from '../textTable.ts'
import { nameRange } from './target.ts'
import type { Unfinished } from './unfinished.ts'

/** A job with its last attempt, as operators see it. */
export type ProofEntry = BatchRange & {
  /** Name of the job; that of the workflow while no prover was asked. */
  job: string
  kind: ProofKind | 'verification'
  attempt: number | null
  prover: string | null
  proverKind: ProverKind | null
  state: 'waiting' | 'proving' | NonNullable<AttemptRow['outcome']>
  /** It waits for somebody, who finds here what to do. */
  parked: boolean
  remedy: string | null
  /** When it came into this state, if that is known; how long the attempt took or takes. */
  since: string | null
  seconds: number | null
  lastError: string | null
}

type Sources = { jobs: readonly AttemptRow[]; unfinished: readonly Unfinished[]; now: Date }

/**
 * Jobs, newest first, with what their workflows say; before them what is parked. A workflow speaks of the newest job for
 * its batches. `jobs` has each job at most once.
 */
export function describeProofs({ jobs, unfinished, now }: Sources): ProofEntry[] {
  const newest = new Map<string, AttemptRow>()
  for (const job of [...jobs].sort((a, b) => a.id - b.id)) newest.set(keyOf(job), job)
  const workflowOfJob = new Map<AttemptRow, Unfinished>()
  const withoutJob: ProofEntry[] = []
  for (const workflow of unfinished) {
    const job = newest.get(keyOf(workflow))
    if (job === undefined) withoutJob.push(describeWorkflow(workflow))
    else workflowOfJob.set(job, workflow)
  }
  const ofJobs = [...jobs].sort((a, b) => b.id - a.id).map((job) => describeJob(job, workflowOfJob.get(job), now))
  const all = [...withoutJob, ...ofJobs]
  return [...all.filter(({ parked }) => parked), ...all.filter(({ parked }) => !parked)]
}

const keyOf = ({ kind, fromBatch, toBatch }: BatchRange & { kind: string }) => `${kind} ${fromBatch} ${toBatch}`

function describeJob(row: AttemptRow, workflow: Unfinished | undefined, now: Date): ProofEntry {
  const { jobId, kind, fromBatch, toBatch, attempt, proverName, proverKind, startedAt, endedAt } = row
  const isParked = workflow?.parked === true
  return {
    ...{ job: jobId, kind, fromBatch, toBatch, attempt, prover: proverName, proverKind },
    state: stateOf(row, workflow),
    parked: isParked,
    remedy: isParked ? remedyOf(workflow) : null,
    since: (endedAt ?? startedAt).toISOString(),
    seconds: Math.max(0, ((endedAt ?? now).getTime() - startedAt.getTime()) / 1000),
    lastError: workflow?.lastError ?? row.error,
  }
}

/** An attempt that failed while its workflow goes on is followed by another one. */
function stateOf({ outcome, proverId }: AttemptRow, workflow: Unfinished | undefined): ProofEntry['state'] {
  if (outcome === null) return proverId === null ? 'waiting' : 'proving'
  return workflow?.parked === false && outcome !== 'proved' ? 'waiting' : outcome
}

/** No prover was asked yet, or it is no job of provers. */
function describeWorkflow(workflow: Unfinished): ProofEntry {
  const { workflowId, kind, fromBatch, toBatch, parked, lastError } = workflow
  return {
    ...{ job: workflowId, kind, fromBatch, toBatch, attempt: null, prover: null, proverKind: null },
    ...{ state: parked ? 'failed' : 'waiting', parked, remedy: parked ? remedyOf(workflow) : null },
    ...{ since: null, seconds: null, lastError: lastError ?? null },
  }
}

function remedyOf(workflow: Unfinished): string {
  if (workflow.kind !== 'verification') return `zknode proofs retry ${nameRange(workflow)}; ${RUNBOOK['proof-failed']}`
  const runbook = RUNBOOK['verification-failed']
  return workflow.workflowId === 'aggregator' ? `zknode proofs retry --failed; ${runbook}` : runbook
}

const HEADINGS = ['JOB', 'KIND', 'BATCHES', 'TRY', 'PROVER', 'STATE', 'AGO', 'TOOK', 'LAST ERROR']

export function formatProofs(entries: readonly ProofEntry[], now: Date): string[] {
  if (entries.length === 0) return ['No proofs.']
  const rows = entries.map((entry) => [
    ...[entry.job, entry.kind, nameRange(entry), entry.attempt === null ? '-' : `${entry.attempt}`],
    entry.prover === null ? '-' : `${entry.prover} (${entry.proverKind})`,
    entry.parked ? `${entry.state}, parked` : entry.state,
    entry.since === null ? '-' : formatAge((now.getTime() - Date.parse(entry.since)) / 1000),
    entry.seconds === null ? '-' : formatAge(entry.seconds),
    oneLine(entry.lastError ?? ''),
  ])
  const remedies = entries.flatMap(({ job, remedy }) => (remedy === null ? [] : [`  ${job}: ${remedy}`]))
  const advice = remedies.length === 0 ? [] : ['', 'Parked until somebody acts. Mend the cause, then', ...remedies]
  return [...formatTable([HEADINGS, ...rows]), ...advice]
}
