import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Database } from '#db/client.ts'
import { listProvers } from '#db/provers.ts'
import { countOpenAttempts, type EndedAttempt, listEndedAttempts, readUnproven } from '#db/rpc/proofFigures.ts'

/** From attestations, in well under a second, to proofs of zero knowledge. */
const BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600]
const KINDS = ['batch', 'aggregated', 'final'] as const
const PROVER_KINDS = ['embedded', 'remote'] as const
const PROVER_STATES = ['idle', 'busy', 'aside', 'gone'] as const
const FAILURES = ['failed', 'refused', 'lost'] as const satisfies readonly EndedAttempt['outcome'][]
const NOBODY = { prover_kind: 'none', prover: 'none' }
const PAGE = 5000

type Places = { db: Database; proofDb: Database }
/** `settleMs`: tries are counted when they are over for so long. */
type Limits = { maxProverNames?: number; settleMs?: number }

/**
 * How proofs come along, by prover and kind, read from the proof store when somebody asks. Tries are counted from the
 * first that is stored, so a restart takes nothing back; nothing new is told while the store does not answer.
 */
export function addProofMetrics(
  registry: Registry,
  { db, proofDb }: Places,
  { maxProverNames = 100, settleMs = 2000 }: Limits = {},
): void {
  const registers = [registry]
  const labelNames = ['kind', 'prover_kind', 'prover'] as const
  const nameProver = limitNames(maxProverNames)
  let last: EndedAttempt | undefined
  let reading: Promise<void> | undefined

  async function readOn(): Promise<void> {
    for (let isMore = true; isMore; ) {
      const ended = await listEndedAttempts(proofDb, last, { limit: PAGE, settleMs })
      for (const attempt of ended) count(attempt)
      last = ended.at(-1) ?? last
      isMore = ended.length === PAGE
    }
    // An increase is one of something that was there before.
    for (const reason of FAILURES) for (const kind of KINDS) failures.inc({ reason, kind, ...NOBODY }, 0)
  }
  /** Once for all who ask meanwhile. */
  function update(): Promise<void> {
    reading ??= readOn()
      .catch(() => {}) // the store is away: goes on from there the next time
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  const seconds = new Histogram({
    ...{ name: 'proof_seconds', registers, labelNames, buckets: BUCKETS_SECONDS, collect: update },
    help: 'Time from the start of a try to its proof, by kind of proof and prover.',
  })
  const failures = new Counter({
    ...{ name: 'proof_failures_total', registers, labelNames: ['reason', ...labelNames], collect: update },
    help: 'Tries without a proof: failed, refused by the prover, or lost without a word.',
  })
  function count({ kind, outcome, proverKind, proverName, seconds: took }: EndedAttempt): void {
    const labels = { kind, prover_kind: proverKind ?? 'none', prover: nameProver(proverName) }
    if (outcome === 'proved') seconds.observe(labels, took)
    else if (outcome !== 'cancelled') failures.inc({ reason: outcome, ...labels })
  }

  new Gauge({
    ...{ name: 'provers', registers, labelNames: ['state', 'kind'] },
    help: 'Provers that are or were connected, by state and kind.',
    async collect() {
      this.reset()
      const provers = await listProvers(proofDb).catch(() => undefined)
      if (provers === undefined) return
      for (const kind of PROVER_KINDS) for (const state of PROVER_STATES) this.set({ state, kind }, 0)
      for (const { state, kind } of provers) this.inc({ state, kind })
    },
  })
  new Gauge({
    ...{ name: 'proof_jobs_proving', registers, labelNames: ['kind'] },
    help: 'Jobs that a prover is at work on.',
    async collect() {
      this.reset()
      const open = await countOpenAttempts(proofDb).catch(() => undefined)
      if (open === undefined) return
      for (const kind of KINDS) this.set({ kind }, 0)
      for (const { kind, count } of open) this.set({ kind }, count)
    },
  })
  const ofUnproven = (
    name: string,
    help: string,
    read: (unproven: Awaited<ReturnType<typeof readUnproven>>) => number,
  ) =>
    new Gauge({
      ...{ name, help, registers },
      async collect() {
        const unproven = await readUnproven(db).catch(() => undefined)
        this.set(unproven === undefined ? Number.NaN : read(unproven))
      },
    })
  ofUnproven('batches_unproven', 'Sequenced batches without a proof, those at work included.', ({ count }) => count)
  ofUnproven(
    'batches_unproven_age_seconds',
    'For how long the oldest batch without a proof is on L1.',
    ({ ageSeconds }) => ageSeconds,
  )
}

/** Names as they are up to a number of them, then `other`: provers choose their names. */
function limitNames(most: number): (name: string | null) => string {
  const known = new Set<string>()
  return (name) => {
    if (name === null) return 'none'
    if (known.size < most) known.add(name)
    return known.has(name) ? name : 'other'
  }
}
