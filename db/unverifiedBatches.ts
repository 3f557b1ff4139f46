import { and, asc, eq, gt, inArray, isNotNull, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { findLastVerifiedBatch } from './l1.ts'
import { batches, virtualBatches, witnesses } from './schema.ts'
import type { L1Place } from './verification.ts'

/** A closed batch that is not verified, with its place on L1 when it has one. */
export type UnverifiedBatch = { batchNumber: BatchNumber; virtual: L1Place | undefined }

export async function findUnverifiedBatches(db: Queryable): Promise<UnverifiedBatch[]> {
  const rows = await db
    .select({
      batchNumber: batches.batchNumber,
      l1BlockNumber: virtualBatches.l1BlockNumber,
      l1TxHash: virtualBatches.l1TxHash,
    })
    .from(batches)
    .leftJoin(virtualBatches, eq(virtualBatches.batchNumber, batches.batchNumber))
    .where(and(gt(batches.batchNumber, await findLastVerifiedBatch(db)), isNotNull(batches.closedAt)))
    .orderBy(asc(batches.batchNumber))
  return rows.map(({ batchNumber, l1BlockNumber, l1TxHash }) => ({
    batchNumber,
    virtual: l1BlockNumber === null || l1TxHash === null ? undefined : { l1BlockNumber, l1TxHash },
  }))
}

/** Those of the batches that lack one count as not checked: a check makes it. A node that only follows has made none. */
export async function requireWitnesses(tx: Queryable, batchNumbers: readonly BatchNumber[]): Promise<void> {
  const hasWitness = sql`exists (select from ${witnesses} where ${witnesses.batchNumber} = ${batches.batchNumber})`
  await tx
    .update(batches)
    .set({ checkedAt: null })
    .where(and(inArray(batches.batchNumber, [...batchNumbers]), sql`not ${hasWitness}`))
}
