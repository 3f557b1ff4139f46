import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'
import { findUnfinishedVerification } from './verification.ts'

/** Accepted proofs and what they can be used for. */
export type Aggregation = {
  /** The last batch that is verified, or whose verification was mined and only waits to be read. */
  verified: number
  /** Of batches and of runs of them behind `verified`. */
  proofs: { fromBatch: number; toBatch: number; proofId: string; forkId: number }[]
  /** Last batches of the sequences behind `verified`. */
  sequenceEnds: ReadonlySet<number>
  /** Final proofs that start behind `verified`. */
  finals: { toBatch: number; proofId: string }[]
  /** The oldest verification that is on its way. */
  sent: { fromBatch: number; toBatch: number } | undefined
}

type ProofRow = { proof_id: string; kind: string; from_batch: string; to_batch: string; fork_id: number }

/** @param batchesAhead how far behind the last verified batch to look */
export async function readAggregation(db: Queryable, batchesAhead: number): Promise<Aggregation> {
  const [last] = (await db.execute(sql`
    select greatest(
      (select coalesce(max(to_batch), 0) from state.verifications),
      (select coalesce(max(to_batch), 0) from state.l1_transactions where purpose = 'verify' and status = 'mined')
    ) as verified`)) as unknown as { verified: string }[]
  const verified = Number(last!.verified)
  const end = verified + batchesAhead
  const rows = (await db.execute(sql`
    select distinct on (proof.kind, proof.from_batch, proof.to_batch)
      proof.proof_id, proof.kind, proof.from_batch, proof.to_batch, batch.fork_id
    from state.proofs proof
    join state.batches batch on batch.batch_number = proof.from_batch
    join state.virtual_batches virtual on virtual.batch_number = proof.to_batch
    where proof.from_batch > ${verified} and proof.to_batch <= ${end}
    order by proof.kind, proof.from_batch, proof.to_batch, proof.created_at desc`)) as unknown as ProofRow[]
  const ends = (await db.execute(sql`
    select to_batch from state.sequences where to_batch > ${verified} and to_batch <= ${end}`)) as unknown as {
    to_batch: string
  }[]
  const proofs = rows.map((row) => ({
    ...{ fromBatch: Number(row.from_batch), toBatch: Number(row.to_batch) },
    ...{ proofId: row.proof_id, forkId: row.fork_id, kind: row.kind },
  }))
  return {
    verified,
    proofs: proofs.filter(({ kind }) => kind !== 'final').map(({ kind: _, ...proof }) => proof),
    sequenceEnds: new Set(ends.map((row) => Number(row.to_batch))),
    finals: proofs.filter(({ kind, fromBatch }) => kind === 'final' && fromBatch === verified + 1),
    sent: await findUnfinishedVerification(db, verified),
  }
}
