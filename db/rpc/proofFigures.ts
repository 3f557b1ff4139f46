import { and, asc, count, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { ProofKind } from '#prover/proofStore.ts'
import type { ProverKind } from '#prover/types.ts'
import type { Queryable } from '../client.ts'
import { type AttemptOutcome, attempts } from '../proofSchema.ts'

/** A try that is over. The prover is null when none had taken it. */
export type EndedAttempt = {
  id: number
  /** As Postgres writes it: a Date is less exact. */
  endedAt: string
  kind: ProofKind
  proverName: string | null
  proverKind: ProverKind | null
  outcome: AttemptOutcome
  seconds: number
}

/**
 * In the order in which they ended, from the one after `after` on. What ended within the last `settleMs` is left for the
 * next time: an earlier one may still become visible.
 */
export async function listEndedAttempts(
  db: Queryable,
  after: Pick<EndedAttempt, 'endedAt' | 'id'> | undefined,
  { limit, settleMs }: { limit: number; settleMs: number },
): Promise<EndedAttempt[]> {
  const { id, kind, proverName, proverKind, outcome, startedAt, endedAt } = attempts
  const rows = await db
    .select({
      ...{ id, kind, proverName, proverKind, outcome, endedAt: sql<string>`${endedAt}::text` },
      seconds: sql<number>`extract(epoch from ${endedAt} - ${startedAt})`.mapWith(Number),
    })
    .from(attempts)
    .where(
      and(
        isNotNull(endedAt),
        lt(endedAt, sql`now() - ${settleMs / 1000} * interval '1 second'`),
        after && sql`(${endedAt}, ${id}) > (${after.endedAt}::timestamptz, ${after.id})`,
      ),
    )
    .orderBy(asc(endedAt), asc(id))
    .limit(limit)
  return rows.map(({ outcome, ...row }) => ({ ...row, outcome: outcome! }))
}

export type OpenAttempts = { kind: ProofKind; count: number }

/** Tries that a prover is at work on. */
export async function countOpenAttempts(db: Queryable): Promise<OpenAttempts[]> {
  return await db
    .select({ kind: attempts.kind, count: count() })
    .from(attempts)
    .where(and(isNull(attempts.endedAt), isNotNull(attempts.proverId)))
    .groupBy(attempts.kind)
}

/** Sequenced batches behind the last verified one that have no proof yet, and since when the oldest is on L1. */
export async function readUnproven(db: Queryable): Promise<{ count: number; ageSeconds: number }> {
  const [row] = (await db.execute(sql`
    select count(*) as count, coalesce(extract(epoch from now()) - min(block.timestamp), 0) as age_seconds
    from state.virtual_batches virtual join state.l1_blocks block on block.block_number = virtual.l1_block_number
    where virtual.batch_number > (select coalesce(max(to_batch), 0) from state.verifications)
      and not exists (select from state.proofs proof
        where proof.kind = 'batch' and proof.from_batch = virtual.batch_number)`)) as unknown as {
    count: string
    age_seconds: string
  }[]
  return { count: Number(row!.count), ageSeconds: Math.max(0, Number(row!.age_seconds)) }
}
