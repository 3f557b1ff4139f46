import { and, asc, eq, gt, gte, inArray, lte } from 'drizzle-orm'
import { BatchNumber, type Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { l1Transactions, sequences, verifications, virtualBatches } from './schema.ts'

export type L1Place = { l1BlockNumber: number; l1TxHash: Hash }

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
export async function findUnfinishedVerification(
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
