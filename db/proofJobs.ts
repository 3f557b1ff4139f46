import { and, desc, eq, exists, gt, gte, inArray, isNotNull, isNull, lte, not, or } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { ProofKind } from '#prover/proofStore.ts'
import type { AttemptRow } from './attempts.ts'
import type { Queryable } from './client.ts'
import { attempts } from './proofSchema.ts'

/** What jobs to list; what is left out does not matter. */
export type JobFilter = {
  kind?: ProofKind
  /** Jobs for proofs that cover it. */
  batchNumber?: BatchNumber
  /** Jobs for proofs of exactly these batches. */
  range?: { fromBatch: BatchNumber; toBatch: BatchNumber }
  /** Jobs without a proof that are not being tried, and of which no later round or repetition did better. */
  isFailed?: boolean
  /** 100 when left out. */
  limit?: number
}

const later = alias(attempts, 'later')

/** Of each job its last attempt, newest first. */
export async function listLastAttempts(db: Queryable, filter: JobFilter = {}): Promise<AttemptRow[]> {
  const { kind, batchNumber, range, isFailed = false, limit = 100 } = filter
  const ofSameJob = and(eq(later.jobId, attempts.jobId), gt(later.attempt, attempts.attempt))
  const didBetter = and(
    ...[eq(later.kind, attempts.kind), gt(later.id, attempts.id)],
    ...[eq(later.fromBatch, attempts.fromBatch), eq(later.toBatch, attempts.toBatch)],
    or(isNull(later.outcome), eq(later.outcome, 'proved')),
  )
  const isThere = (condition: ReturnType<typeof and>) =>
    exists(db.select({ id: later.id }).from(later).where(condition))
  return await db
    .select()
    .from(attempts)
    .where(
      and(
        not(isThere(ofSameJob)),
        kind && eq(attempts.kind, kind),
        batchNumber === undefined
          ? undefined
          : and(lte(attempts.fromBatch, batchNumber), gte(attempts.toBatch, batchNumber)),
        range && and(eq(attempts.fromBatch, range.fromBatch), eq(attempts.toBatch, range.toBatch)),
        isFailed
          ? and(
              isNotNull(attempts.endedAt),
              inArray(attempts.outcome, ['failed', 'refused', 'lost']),
              not(isThere(didBetter)),
            )
          : undefined,
      ),
    )
    .orderBy(desc(attempts.id))
    .limit(limit)
}
