import { and, asc, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { concatBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { Address, BatchNumber, Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { notify } from './notify.ts'
import { type BatchKind, batches, l2Blocks } from './schema.ts'

export class BatchNotFoundError extends NodeError {
  override readonly name = 'BatchNotFoundError'
}

export type BatchRow = typeof batches.$inferSelect
/** A batch that takes no more: its data and roots are fixed. */
export type ClosedBatchRow = BatchRow & {
  [Key in 'closedAt' | 'closingReason' | 'batchL2Data' | 'stateRoot' | 'localExitRoot' | 'lastTimestamp']: NonNullable<
    BatchRow[Key]
  >
}

export const isClosed = (row: BatchRow): row is ClosedBatchRow => row.closedAt !== null

export async function findBatch(db: Queryable, batchNumber: BatchNumber): Promise<BatchRow | undefined> {
  const [row] = await db.select().from(batches).where(eq(batches.batchNumber, batchNumber))
  return row
}

/** @throws {BatchNotFoundError} */
export async function getBatch(db: Queryable, batchNumber: BatchNumber): Promise<BatchRow> {
  const row = await findBatch(db, batchNumber)
  if (row === undefined) throw new BatchNotFoundError('No such batch.', { facts: { batchNumber } })
  return row
}

/** @throws {BatchNotFoundError} also when the batch is still open. */
export async function getClosedBatch(db: Queryable, batchNumber: BatchNumber): Promise<ClosedBatchRow> {
  const row = await getBatch(db, batchNumber)
  if (!isClosed(row)) throw new BatchNotFoundError('The batch is still open.', { facts: { batchNumber } })
  return row
}

export async function findOpenBatch(db: Queryable): Promise<BatchRow | undefined> {
  const [row] = await db.select().from(batches).where(isNull(batches.closedAt))
  return row
}

export async function findLastClosedBatch(db: Queryable): Promise<ClosedBatchRow | undefined> {
  const [row] = await db
    .select()
    .from(batches)
    .where(isNotNull(batches.closedAt))
    .orderBy(desc(batches.batchNumber))
    .limit(1)
  return row !== undefined && isClosed(row) ? row : undefined
}

/** Opens a batch. Idempotent for one that is open already. The database holds one open batch at the most. */
export async function openBatch(
  tx: Queryable,
  batch: { batchNumber: BatchNumber; kind: BatchKind; forkId: number; coinbase: Address; forcedBatchNumber?: number },
): Promise<void> {
  await tx.insert(batches).values(batch).onConflictDoNothing({ target: batches.batchNumber })
  await notify(tx, 'batch', batch.batchNumber)
}

/** Counts what a block added to its batch. */
export async function growBatch(
  tx: Queryable,
  batchNumber: BatchNumber,
  added: { txCount: number; timestamp: number; counters: Record<string, number> },
): Promise<void> {
  await tx
    .update(batches)
    .set({
      blockCount: sql`${batches.blockCount} + 1`,
      txCount: sql`${batches.txCount} + ${added.txCount}`,
      lastTimestamp: added.timestamp,
      counters: added.counters,
    })
    .where(eq(batches.batchNumber, batchNumber))
}

/** Fixes data, roots and reason. Idempotent: the first close stays. */
export async function closeBatch(
  tx: Queryable,
  batch: {
    batchNumber: BatchNumber
    closingReason: string
    batchL2Data: Uint8Array
    stateRoot: Hash
    localExitRoot: Hash
    lastTimestamp: number
    invalidReason?: string
    checked?: boolean
  },
): Promise<void> {
  const { batchNumber, checked = false, ...closed } = batch
  await tx
    .update(batches)
    .set({ ...closed, closedAt: sql`now()`, ...(checked ? { checkedAt: sql`now()` } : {}) })
    .where(and(eq(batches.batchNumber, batchNumber), isNull(batches.closedAt)))
  await notify(tx, 'batch', batchNumber)
}

/** The batch was executed again as a whole with the same result: it may be sequenced. */
export async function markBatchChecked(tx: Queryable, batchNumber: BatchNumber): Promise<void> {
  await tx
    .update(batches)
    .set({ checkedAt: sql`coalesce(${batches.checkedAt}, now())` })
    .where(eq(batches.batchNumber, batchNumber))
}

/** batchL2Data of a batch, open or closed. */
export async function readBatchL2Data(db: Queryable, batch: BatchRow): Promise<Uint8Array> {
  if (batch.batchL2Data !== null) return batch.batchL2Data
  const rows = await db
    .select({ data: l2Blocks.batchL2Data })
    .from(l2Blocks)
    .where(eq(l2Blocks.batchNumber, batch.batchNumber))
    .orderBy(asc(l2Blocks.blockNumber))
  return concatBytes(...rows.map(({ data }) => data))
}
