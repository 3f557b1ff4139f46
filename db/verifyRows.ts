import { and, asc, eq, gte, inArray, lt, lte, max, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { batches, forcedBatches, l1Blocks, l1InfoLeaves, sequences, verifications, virtualBatches } from './schema.ts'

export type VirtualBatch = {
  batch: typeof batches.$inferSelect
  virtual: typeof virtualBatches.$inferSelect | null
}

/** What the node has of batches on L1, as it stands in the rows: for comparing it with L1 itself. */
export async function readVirtualBatches(
  db: Queryable,
  numbers: readonly BatchNumber[],
): Promise<Map<BatchNumber, VirtualBatch>> {
  const rows = await db
    .select({ batch: batches, virtual: virtualBatches })
    .from(batches)
    .leftJoin(virtualBatches, eq(virtualBatches.batchNumber, batches.batchNumber))
    .where(inArray(batches.batchNumber, [...numbers]))
  return new Map(rows.map((row) => [row.batch.batchNumber, row]))
}

export async function findSequenceRow(db: Queryable, toBatch: BatchNumber) {
  const [row] = await db.select().from(sequences).where(eq(sequences.toBatch, toBatch))
  return row
}

export async function findVerificationRow(db: Queryable, toBatch: BatchNumber) {
  const [row] = await db.select().from(verifications).where(eq(verifications.toBatch, toBatch))
  return row
}

export async function findForcedBatchRow(db: Queryable, forcedBatchNumber: number) {
  const [row] = await db.select().from(forcedBatches).where(eq(forcedBatches.forcedBatchNumber, forcedBatchNumber))
  return row
}

export async function findInfoLeafRow(db: Queryable, leafIndex: number) {
  const [row] = await db.select().from(l1InfoLeaves).where(eq(l1InfoLeaves.leafIndex, leafIndex))
  return row
}

/** Hashes of the leaves that L1 blocks before this one brought, in order. */
export async function readLeafHashesBefore(db: Queryable, l1Block: number) {
  const rows = await db
    .select({ leafHash: l1InfoLeaves.leafHash })
    .from(l1InfoLeaves)
    .where(lt(l1InfoLeaves.l1BlockNumber, l1Block))
    .orderBy(asc(l1InfoLeaves.leafIndex))
  return rows.map(({ leafHash }) => leafHash)
}

/** In order of their numbers. */
export async function readL1Blocks(db: Queryable, fromBlock: number, toBlock: number) {
  return await db
    .select()
    .from(l1Blocks)
    .where(and(gte(l1Blocks.blockNumber, fromBlock), lte(l1Blocks.blockNumber, toBlock)))
    .orderBy(asc(l1Blocks.blockNumber))
}

/** L1 block that sequenced a batch, as far as the node knows. */
export async function findL1BlockOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<number | undefined> {
  const [row] = await db
    .select({ l1Block: max(virtualBatches.l1BlockNumber) })
    .from(virtualBatches)
    .where(lte(virtualBatches.batchNumber, batchNumber))
  return row?.l1Block ?? undefined
}

/** L1 block that verified a batch; undefined before. */
export async function findL1BlockOfVerification(db: Queryable, batchNumber: BatchNumber): Promise<number | undefined> {
  const [row] = await db
    .select({ l1Block: verifications.l1BlockNumber })
    .from(verifications)
    .where(gte(verifications.toBatch, batchNumber))
    .orderBy(asc(verifications.toBatch))
    .limit(1)
  return row?.l1Block
}

/** How many rows are said to be of these L1 blocks, by what they are. */
export async function countRowsOfL1Blocks(db: Queryable, fromBlock: number, toBlock: number) {
  const count = (table: string) =>
    sql`(select count(*) from ${sql.raw(`state.${table}`)} where l1_block_number between ${fromBlock} and ${toBlock})`
  const [row] = await db.execute<{ leaves: string; forced: string; virtual: string }>(sql`select
    ${count('l1_info_leaves')} as leaves, ${count('forced_batches')} as forced, ${count('virtual_batches')} as virtual`)
  return { leaves: Number(row!.leaves), forced: Number(row!.forced), virtual: Number(row!.virtual) }
}
