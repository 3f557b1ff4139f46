import { asc, eq, sql } from 'drizzle-orm'
import type { ProverKind } from '#prover/types.ts'
import type { Queryable } from './client.ts'
import { type ProverState, provers } from './proofSchema.ts'

/** A prover that says nothing for this long is gone. */
export const PROVER_SILENCE_MS = 15_000

export type ProverRow = typeof provers.$inferSelect

/** What is known of a prover that is connected; absent for unknown. */
export type ConnectedProver = {
  proverId: string
  name: string
  kind: ProverKind
  /** Of the other end of its connection. */
  address?: string | undefined
  forkId?: number | undefined
  cores?: number | undefined
  memoryBytes?: number | undefined
  freeMemoryBytes?: number | undefined
  state: Exclude<ProverState, 'gone'>
  /** Why it was put aside, and until when. */
  reason?: string | undefined
  asideUntil?: Date | undefined
  /** While it is busy. */
  jobId?: string | undefined
  connectedAt: Date
}

/** Notes that the prover is there now, and how it is. What it proved and failed is counted on. */
export async function upsertProver(db: Queryable, prover: ConnectedProver): Promise<void> {
  const { proverId, name, kind, state, connectedAt } = prover
  const row = {
    ...{ name, kind, state, connectedAt },
    address: prover.address ?? null,
    forkId: prover.forkId ?? null,
    cores: prover.cores ?? null,
    memoryBytes: prover.memoryBytes ?? null,
    freeMemoryBytes: prover.freeMemoryBytes ?? null,
    reason: prover.reason ?? null,
    asideUntil: prover.asideUntil ?? null,
    jobId: prover.jobId ?? null,
  }
  await db
    .insert(provers)
    .values({ proverId, ...row })
    .onConflictDoUpdate({ target: provers.proverId, set: { ...row, seenAt: sql`now()` } })
}

/** The prover left, or was sent away. */
export async function markGone(db: Queryable, proverId: string, reason?: string): Promise<void> {
  await db
    .update(provers)
    .set({ state: 'gone', reason: reason ?? null, jobId: null, asideUntil: null })
    .where(eq(provers.proverId, proverId))
}

export async function addProved(db: Queryable, proverId: string): Promise<void> {
  await db
    .update(provers)
    .set({ proved: sql`${provers.proved} + 1` })
    .where(eq(provers.proverId, proverId))
}

export async function addFailed(db: Queryable, proverId: string): Promise<void> {
  await db
    .update(provers)
    .set({ failed: sql`${provers.failed} + 1` })
    .where(eq(provers.proverId, proverId))
}

/** By name, then id. Those that fell silent are listed as gone, without a word of theirs. */
export async function listProvers(db: Queryable, silenceMs = PROVER_SILENCE_MS): Promise<ProverRow[]> {
  const isSilent = sql<boolean>`${provers.seenAt} < now() - ${silenceMs / 1000} * interval '1 second'`
  const rows = await db
    .select({ row: provers, isSilent })
    .from(provers)
    .orderBy(asc(provers.name), asc(provers.proverId))
  return rows.map(({ row, isSilent }) =>
    isSilent && row.state !== 'gone' ? { ...row, state: 'gone', reason: 'silent', jobId: null, asideUntil: null } : row,
  )
}
