import { and, count, desc, eq, gte, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { AttemptEnd, ProofAttempts, ProofJob, ProofKind } from '#prover/proofStore.ts'
import type { Assignment } from '#prover/types.ts'
import type { Database, Queryable } from './client.ts'
import { type AttemptOutcome, attempts } from './proofSchema.ts'

/** The attempt is not open: another one of its job took its place. */
export class AttemptEndedError extends NodeError {
  override readonly name = 'AttemptEndedError'
}

export type AttemptRow = typeof attempts.$inferSelect

/** Begins a try of a job, as the one that is open: an earlier one that never ended counts as lost from now on. */
export async function startAttempt(db: Pick<Database, 'transaction'>, job: ProofJob): Promise<AttemptRow> {
  return await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${job.jobId}, 0))`)
    await tx
      .update(attempts)
      .set({ endedAt: sql`now()`, outcome: 'lost' })
      .where(and(eq(attempts.jobId, job.jobId), isNull(attempts.endedAt)))
    const last = await findLastAttempt(tx, job.jobId)
    const [row] = await tx
      .insert(attempts)
      .values({ ...job, attempt: (last?.attempt ?? 0) + 1 })
      .returning()
    return row!
  })
}

/** A prover took the job, or named its request. @throws {AttemptEndedError} */
export async function assignAttempt(db: Queryable, id: number, by: Assignment): Promise<void> {
  const { proverId, proverName, proverKind, requestId = null } = by
  const assigned = await db
    .update(attempts)
    .set({ proverId, proverName, proverKind, requestId })
    .where(and(eq(attempts.id, id), isNull(attempts.endedAt)))
    .returning({ id: attempts.id })
  if (assigned.length === 0)
    throw new AttemptEndedError('The attempt is not open any more.', { facts: { attempt: id, proverId } })
}

/** Ends a try. One that counts as lost stays so: its late end changes nothing. */
export async function endAttempt(
  db: Queryable,
  id: number,
  { outcome, error }: { outcome: AttemptEnd; error?: string | undefined },
): Promise<void> {
  await db
    .update(attempts)
    .set({ endedAt: sql`now()`, outcome, error: error ?? null })
    .where(and(eq(attempts.id, id), isNull(attempts.endedAt)))
}

/** Of a job whose proof is stored: whoever stored it and was killed before its try ended is told to have proved it. */
export async function settleAttempts(db: Queryable, jobId: string): Promise<void> {
  await db
    .update(attempts)
    .set({ endedAt: sql`now()`, outcome: 'proved' })
    .where(and(eq(attempts.jobId, jobId), isNull(attempts.endedAt)))
}

export async function findLastAttempt(db: Queryable, jobId: string): Promise<AttemptRow | undefined> {
  const [row] = await db
    .select()
    .from(attempts)
    .where(eq(attempts.jobId, jobId))
    .orderBy(desc(attempts.attempt))
    .limit(1)
  return row
}

/** What attempts to list; what is left out does not matter. */
export type AttemptFilter = {
  jobId?: string
  kind?: ProofKind
  /** Attempts at proofs that cover it. */
  batchNumber?: BatchNumber
  proverId?: string
  isOpen?: boolean
  outcome?: AttemptOutcome
  /** Older than the attempt of this id: the last one of the page before. */
  before?: number
  /** 100 when left out. */
  limit?: number
}

/** Newest first. */
export async function listAttempts(db: Queryable, filter: AttemptFilter = {}): Promise<AttemptRow[]> {
  const { jobId, kind, batchNumber, proverId, isOpen, outcome, before, limit = 100 } = filter
  return await db
    .select()
    .from(attempts)
    .where(
      and(
        jobId === undefined ? undefined : eq(attempts.jobId, jobId),
        kind && eq(attempts.kind, kind),
        batchNumber === undefined
          ? undefined
          : and(lte(attempts.fromBatch, batchNumber), gte(attempts.toBatch, batchNumber)),
        proverId === undefined ? undefined : eq(attempts.proverId, proverId),
        isOpen === undefined ? undefined : isOpen ? isNull(attempts.endedAt) : isNotNull(attempts.endedAt),
        outcome && eq(attempts.outcome, outcome),
        before === undefined ? undefined : lt(attempts.id, before),
      ),
    )
    .orderBy(desc(attempts.id))
    .limit(limit)
}

export type AttemptSummary = {
  attempts: number
  lastError: string | undefined
  /** Since when a prover is at work; of several the first. */
  provingSince: Date | undefined
  /** The last try, when it is over and there is no other. */
  lastEnd: { outcome: AttemptOutcome; endedAt: Date } | undefined
}

/** How a proof of one kind over exactly these batches was tried, in all its rounds. */
export async function summarizeAttempts(
  db: Queryable,
  range: Pick<ProofJob, 'kind' | 'fromBatch' | 'toBatch'>,
): Promise<AttemptSummary> {
  const { kind, fromBatch, toBatch, id, error, endedAt, outcome, startedAt, proverId } = attempts
  const last = <T>(column: typeof error | typeof outcome | typeof endedAt, condition = sql`true`) =>
    sql<T | null>`(array_agg(${column} order by ${id} desc) filter (where ${condition}))[1]`
  const [row] = await db
    .select({
      attempts: count(),
      lastError: last<string>(error, sql`${error} is not null`),
      provingSince:
        sql<Date | null>`min(${startedAt}) filter (where ${endedAt} is null and ${proverId} is not null)`.mapWith(
          startedAt,
        ),
      open: sql<number>`count(*) filter (where ${endedAt} is null)`.mapWith(Number),
      lastOutcome: last<AttemptOutcome>(outcome),
      lastEndedAt: last<Date>(endedAt).mapWith(endedAt),
    })
    .from(attempts)
    .where(and(eq(fromBatch, range.fromBatch), eq(toBatch, range.toBatch), eq(kind, range.kind)))
  const { lastOutcome, lastEndedAt, open } = row!
  const isOver = open === 0 && lastOutcome !== null && lastEndedAt !== null
  return {
    attempts: row!.attempts,
    lastError: row!.lastError ?? undefined,
    provingSince: row!.provingSince ?? undefined,
    lastEnd: isOver ? { outcome: lastOutcome, endedAt: lastEndedAt } : undefined,
  }
}

export function createProofAttempts(db: Database): ProofAttempts {
  return {
    async start(job) {
      const { id, attempt } = await startAttempt(db, job)
      return {
        attemptId: id,
        earlier: attempt === 1 ? undefined : await findLostAssignment(db, job.jobId, attempt - 1),
      }
    },
    settle: (jobId) => settleAttempts(db, jobId),
    assign: (attemptId, by) => assignAttempt(db, attemptId, by),
    end: (attemptId, outcome, error) => endAttempt(db, attemptId, { outcome, error }),
  }
}

async function findLostAssignment(db: Queryable, jobId: string, attempt: number): Promise<Assignment | undefined> {
  const [row] = await db
    .select()
    .from(attempts)
    .where(and(eq(attempts.jobId, jobId), eq(attempts.attempt, attempt), eq(attempts.outcome, 'lost')))
  if (row?.proverId == null) return undefined
  const { proverId, proverName, proverKind, requestId } = row
  return { proverId, proverName: proverName!, proverKind: proverKind!, ...(requestId !== null && { requestId }) }
}
