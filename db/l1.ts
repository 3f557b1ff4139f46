import { and, asc, desc, eq, gt, gte, inArray, lt, max, sql } from 'drizzle-orm'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { BatchNumber, type Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { notify } from './notify.ts'
import { deleteProofsFrom } from './proofs.ts'
import { L1_FINALIZED_CURSOR, L1_SAFE_CURSOR } from './rpc/batches.ts'
import { CATCH_UP_CURSOR, SYNCHRONIZER_CURSOR } from './rpc/l1Progress.ts'
import {
  batches,
  cursors,
  forcedBatches,
  l1Blocks,
  l1InfoLeaves,
  l1Transactions,
  sequences,
  verifications,
  virtualBatches,
} from './schema.ts'

export type L1BlockRow = typeof l1Blocks.$inferSelect
export type VirtualBatchRow = typeof virtualBatches.$inferSelect
export type InfoLeafRow = typeof l1InfoLeaves.$inferSelect

/** Last L1 block whose effects are stored, and the newest known to exist. */
export async function findCursor(db: Queryable): Promise<{ position: number; target: number } | undefined> {
  const [row] = await db.select().from(cursors).where(eq(cursors.name, SYNCHRONIZER_CURSOR))
  return row
}

export async function setCursor(tx: Queryable, position: number, target: number): Promise<void> {
  await upsertCursors(tx, [{ name: SYNCHRONIZER_CURSOR, position, target }])
}

/** Where a long reading of L1 began, and when: how fast it is follows from there. */
export async function setCatchUpStart(db: Queryable, position: number, target: number): Promise<void> {
  await upsertCursors(db, [{ name: CATCH_UP_CURSOR, position, target }])
}

/** How far L1 calls its blocks safe and finalized: what the block tags of those names rest on. */
export async function setFinality(tx: Queryable, l1: { safe: number; finalized: number }): Promise<void> {
  await upsertCursors(tx, [
    { name: L1_SAFE_CURSOR, position: l1.safe, target: l1.safe },
    { name: L1_FINALIZED_CURSOR, position: l1.finalized, target: l1.finalized },
  ])
}

async function upsertCursors(
  tx: Queryable,
  rows: readonly { name: string; position: number; target: number }[],
): Promise<void> {
  const set = { position: sql`excluded.position`, target: sql`excluded.target`, updatedAt: sql`excluded.updated_at` }
  const now = new Date()
  await tx
    .insert(cursors)
    .values(rows.map((row) => ({ ...row, updatedAt: now })))
    .onConflictDoUpdate({ target: cursors.name, set })
}

/** Remembers an L1 block; an earlier one that brought nothing is forgotten. */
export async function storeL1Block(
  tx: Queryable,
  { number, hash, parentHash, timestamp }: { number: number; hash: Hash; parentHash: Hash; timestamp: number },
  hasEvents: boolean,
): Promise<void> {
  await tx.delete(l1Blocks).where(and(eq(l1Blocks.hasEvents, false), lt(l1Blocks.blockNumber, number)))
  await tx
    .insert(l1Blocks)
    .values({ blockNumber: number, hash, parentHash, timestamp, hasEvents })
    .onConflictDoNothing()
}

/** The newest remembered L1 blocks, newest first. */
export async function findNewestL1Blocks(db: Queryable, limit: number, below?: number): Promise<L1BlockRow[]> {
  return await db
    .select()
    .from(l1Blocks)
    .where(below === undefined ? undefined : lt(l1Blocks.blockNumber, below))
    .orderBy(desc(l1Blocks.blockNumber))
    .limit(limit)
}

export async function insertInfoLeaf(tx: Queryable, leaf: typeof l1InfoLeaves.$inferInsert): Promise<void> {
  await tx.insert(l1InfoLeaves).values(leaf)
}

/** All leaves in order of their index. */
export async function findInfoLeaves(db: Queryable): Promise<Pick<InfoLeafRow, 'leafHash'>[]> {
  return await db.select({ leafHash: l1InfoLeaves.leafHash }).from(l1InfoLeaves).orderBy(asc(l1InfoLeaves.leafIndex))
}

/** Root of the L1 info tree with all leaves; undefined without any. */
export async function findLastInfoRoot(db: Queryable): Promise<Hash | undefined> {
  const [row] = await db
    .select({ l1InfoRoot: l1InfoLeaves.l1InfoRoot })
    .from(l1InfoLeaves)
    .orderBy(desc(l1InfoLeaves.leafIndex))
    .limit(1)
  return row?.l1InfoRoot
}

/** How many leaves the L1 info tree had when it had this root; undefined when it never had. */
export async function findInfoLeafCount(db: Queryable, l1InfoRoot: Hash): Promise<number | undefined> {
  if (l1InfoRoot === EMPTY_TREE_ROOT) return 0
  const [row] = await db
    .select({ leafIndex: l1InfoLeaves.leafIndex })
    .from(l1InfoLeaves)
    .where(eq(l1InfoLeaves.l1InfoRoot, l1InfoRoot))
    .limit(1)
  return row && row.leafIndex + 1
}

export async function findInfoLeavesByIndex(db: Queryable, indices: readonly number[]): Promise<InfoLeafRow[]> {
  if (indices.length === 0) return []
  return await db
    .select()
    .from(l1InfoLeaves)
    .where(inArray(l1InfoLeaves.leafIndex, [...indices]))
}

export async function insertForcedBatch(tx: Queryable, batch: typeof forcedBatches.$inferInsert): Promise<void> {
  await tx.insert(forcedBatches).values(batch)
}

/** Number of the forced batch that is sequenced next: the contract takes them in order, from 1. */
export async function nextForcedBatchNumber(db: Queryable): Promise<number> {
  const [row] = await db
    .select({ last: max(batches.forcedBatchNumber) })
    .from(batches)
    .innerJoin(virtualBatches, eq(virtualBatches.batchNumber, batches.batchNumber))
  return (row?.last ?? 0) + 1
}

/** Inputs of the newest virtual batch. */
export async function findLastVirtualBatch(db: Queryable): Promise<VirtualBatchRow | undefined> {
  const [row] = await db.select().from(virtualBatches).orderBy(desc(virtualBatches.batchNumber)).limit(1)
  return row
}

/** Virtual batches from this one on with what they hold, oldest first; only those whose batch this node has closed. */
export async function findVirtualBatchesFrom(db: Queryable, fromBatch: BatchNumber) {
  const rows = await db
    .select({ virtual: virtualBatches, batchL2Data: batches.batchL2Data, kind: batches.kind })
    .from(virtualBatches)
    .innerJoin(batches, eq(batches.batchNumber, virtualBatches.batchNumber))
    .where(gte(virtualBatches.batchNumber, fromBatch))
    .orderBy(asc(virtualBatches.batchNumber))
  return rows.flatMap(({ virtual, batchL2Data, kind }) =>
    batchL2Data === null || kind === 'genesis' ? [] : [{ ...virtual, batchL2Data, kind }],
  )
}

export async function insertVirtualBatch(tx: Queryable, batch: VirtualBatchRow): Promise<void> {
  await tx.insert(virtualBatches).values(batch)
}

export async function insertSequence(tx: Queryable, sequence: typeof sequences.$inferInsert): Promise<void> {
  await tx.insert(sequences).values(sequence)
  await notify(tx, 'batch', sequence.toBatch)
}

/** Where the last verification before `before` ended; 0 when there is none. */
export async function findLastVerifiedBatch(db: Queryable, before?: BatchNumber): Promise<BatchNumber> {
  const [row] = await db
    .select({ toBatch: max(verifications.toBatch) })
    .from(verifications)
    .where(before === undefined ? undefined : lt(verifications.toBatch, before))
  return BatchNumber(row?.toBatch ?? 0)
}

/** A range may be verified twice, first by anyone, then by the trusted aggregator: the later one stays. */
export async function storeVerification(tx: Queryable, row: typeof verifications.$inferInsert): Promise<void> {
  const { toBatch: _, ...rest } = row
  await tx.insert(verifications).values(row).onConflictDoUpdate({ target: verifications.toBatch, set: rest })
  await notify(tx, 'batch', row.toBatch)
}

/**
 * Forgets everything L1 brought after a block: leaves, forced batches, sequences, virtual batches, verifications. Our
 * transactions mined there, also those that reverted, count as sent again: later ones need their nonces. Returns the
 * batches whose places on L1 are gone.
 */
export async function deleteL1BlocksAbove(tx: Queryable, l1BlockNumber: number): Promise<BatchNumber[]> {
  const virtual = await tx
    .select({ batchNumber: virtualBatches.batchNumber })
    .from(virtualBatches)
    .where(gt(virtualBatches.l1BlockNumber, l1BlockNumber))
  const verified = await tx
    .select({ fromBatch: verifications.fromBatch, toBatch: verifications.toBatch })
    .from(verifications)
    .where(gt(verifications.l1BlockNumber, l1BlockNumber))
  await tx.delete(l1Blocks).where(gt(l1Blocks.blockNumber, l1BlockNumber))
  await tx
    .update(l1Transactions)
    .set({ status: 'sent', l1BlockNumber: null, error: null, updatedAt: new Date() })
    .where(
      and(
        inArray(l1Transactions.status, ['mined', 'reverted', 'cancelled']),
        gt(l1Transactions.l1BlockNumber, l1BlockNumber),
      ),
    )
  const unsequenced = virtual.map(({ batchNumber }) => batchNumber)
  if (unsequenced.length > 0) await deleteProofsFrom(tx, BatchNumber(Math.min(...unsequenced))) // of inputs that are gone
  const affected = new Set(unsequenced)
  for (const { fromBatch, toBatch } of verified)
    for (let number: number = fromBatch; number <= toBatch; number++) affected.add(BatchNumber(number))
  const batchNumbers = [...affected].sort((a, b) => a - b)
  if (batchNumbers.length > 0) await notify(tx, 'batch', batchNumbers[0]!)
  return batchNumbers
}
