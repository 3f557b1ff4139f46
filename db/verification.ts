import { and, asc, eq, gt, gte, inArray, lte, sql } from 'drizzle-orm'
import { BatchNumber, type Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { l1Transactions, sequences, verifications, virtualBatches } from './schema.ts'

export type L1Place = { l1BlockNumber: number; l1TxHash: Hash }

/** A run of batches that can be verified with one L1 transaction, and the batch proofs that cover it, in order. */
export type VerificationRun = {
  fromBatch: number
  toBatch: number
  proofs: { fromBatch: number; toBatch: number; proofId: string }[]
}

/**
 * The longest run of accepted batch proofs that starts behind the last verified batch, has no gap and ends where a
 * sequence ends, of at most `maxBatches` where sequences allow (a run is at least one sequence). Undefined when there
 * is none, or when a verification of it was mined and only waits to be read from L1. A verification that was sent and
 * that L1 forgot is planned as it was: it is still out there, and another one of its batches would be one too many.
 */
export async function findVerifiableRun(db: Queryable, maxBatches: number): Promise<VerificationRun | undefined> {
  const [last] = (await db.execute(sql`
    select greatest(
      (select coalesce(max(to_batch), 0) from state.verifications),
      (select coalesce(max(to_batch), 0) from state.l1_transactions where purpose = 'verify' and status = 'mined')
    ) as verified`)) as unknown as { verified: string }[]
  const verified = Number(last?.verified ?? 0)
  const proofs = (await db.execute(sql`
    with accepted as (
      select distinct on (proof.from_batch) proof.from_batch, proof.proof_id
      from state.proofs proof
      join state.virtual_batches virtual on virtual.batch_number = proof.from_batch
      where proof.kind = 'batch' and proof.accepted and proof.from_batch > ${verified}
      order by proof.from_batch, proof.created_at desc
    ), run as (
      select from_batch, proof_id, from_batch - row_number() over (order by from_batch) as gap from accepted
    )
    select run.from_batch as batch, run.proof_id, (sequence.to_batch is not null) as ends_sequence
    from run left join state.sequences sequence on sequence.to_batch = run.from_batch
    where run.gap = ${verified} order by run.from_batch`)) as unknown as {
    batch: string
    proof_id: string
    ends_sequence: boolean
  }[]
  let sent = await findUnfinishedVerification(db, verified)
  // L1 has other sequences now, which it does not fit.
  if (proofs.some(({ batch, ends_sequence }) => Number(batch) === sent?.toBatch && !ends_sequence)) sent = undefined
  let end = -1
  for (const [index, { batch, ends_sequence }] of proofs.entries()) {
    if (!ends_sequence) continue
    if (sent !== undefined && sent.fromBatch <= verified + 1) {
      if (Number(batch) === sent.toBatch) end = index
      continue
    }
    if (sent !== undefined && Number(batch) >= sent.fromBatch) break
    if (end >= 0 && index >= maxBatches) break
    end = index
  }
  if (end < 0) return undefined
  const covered = proofs.slice(0, end + 1).map(({ batch, proof_id }) => ({
    fromBatch: Number(batch),
    toBatch: Number(batch),
    proofId: proof_id,
  }))
  return { fromBatch: verified + 1, toBatch: verified + covered.length, proofs: covered }
}

/** Last batches of the sequences behind `after`, up to `atMost`, in order. */
export async function findSequenceEnds(db: Queryable, after: BatchNumber, atMost: BatchNumber): Promise<BatchNumber[]> {
  const rows = await db
    .select({ toBatch: sequences.toBatch })
    .from(sequences)
    .where(and(gt(sequences.toBatch, after), lte(sequences.toBatch, atMost)))
    .orderBy(asc(sequences.toBatch))
  return rows.map(({ toBatch }) => toBatch)
}

/** The oldest that is on its way and would verify more than is verified. */
async function findUnfinishedVerification(
  db: Queryable,
  verified: number,
): Promise<{ fromBatch: number; toBatch: number } | undefined> {
  const { purpose, status, withdrawn, fromBatch, toBatch, nonce } = l1Transactions
  const [row] = await db
    .select({ fromBatch, toBatch })
    .from(l1Transactions)
    .where(
      and(
        ...[eq(purpose, 'verify'), eq(withdrawn, false), inArray(status, ['created', 'sent'])],
        gt(toBatch, BatchNumber(verified)),
      ),
    )
    .orderBy(nonce)
    .limit(1)
  return row && { fromBatch: row.fromBatch!, toBatch: row.toBatch! }
}

/** Where L1 has the batch: the transaction that sequenced it and the one that verified it. */
export async function findBatchOnL1(
  db: Queryable,
  batchNumber: BatchNumber,
): Promise<{ virtual?: L1Place; verified?: L1Place }> {
  const [virtual] = await db
    .select({ l1BlockNumber: virtualBatches.l1BlockNumber, l1TxHash: virtualBatches.l1TxHash })
    .from(virtualBatches)
    .where(eq(virtualBatches.batchNumber, batchNumber))
  const [verified] = await db
    .select({ l1BlockNumber: verifications.l1BlockNumber, l1TxHash: verifications.l1TxHash })
    .from(verifications)
    .where(gte(verifications.toBatch, batchNumber))
    .orderBy(verifications.toBatch)
    .limit(1)
  return { ...(virtual && { virtual }), ...(verified && { verified }) }
}
