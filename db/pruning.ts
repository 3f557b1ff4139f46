import { and, eq, gte, lt, lte, sql } from 'drizzle-orm'
import { type BatchNumber, type BlockNumber, BlockNumber as toBlockNumber } from '#protocol/primitives.ts'
import { findBlocksOfBatch, getLastBlock } from './blocks.ts'
import type { Queryable } from './client.ts'
import { notify } from './notify.ts'
import { rememberPruned } from './prunedTransactions.ts'
import { removeTreeNodes } from './pruneTree.ts'
import { readBatchHeads } from './rpc/batches.ts'
import { findLastBlockNumberOfBatches } from './rpc/blocks.ts'
import { batches, l2Blocks, logs, pruning, transactions, witnesses } from './schema.ts'

/** What is older is history that the node does not show; zeros while it has all of it. */
export type Horizon = { oldestBatch: BatchNumber; oldestBlock: BlockNumber }

const ONLY_ROW = 1

type Pruning = typeof pruning.$inferSelect

export async function readHorizon(db: Queryable): Promise<Horizon> {
  const [row] = await db
    .select({ oldestBatch: pruning.oldestBatch, oldestBlock: pruning.oldestBlock })
    .from(pruning)
    .where(eq(pruning.id, ONLY_ROW))
  return row ?? { oldestBatch: 0 as BatchNumber, oldestBlock: toBlockNumber(0) }
}

/** As a part of SQL: the first block whose state can be read; block 0 while nothing is pruned. */
export const firstReadableState = sql`coalesce((select oldest_block - 1 from state.pruning), 0)`

/**
 * The horizon while the caller's transaction lasts: nobody moves it, and no batch that it is counted from is undone by
 * others who hold it too.
 */
export async function lockHorizon(tx: Queryable): Promise<Pruning> {
  await tx
    .insert(pruning)
    .values({
      id: ONLY_ROW,
      oldestBatch: 0 as BatchNumber,
      oldestBlock: toBlockNumber(0),
      removedBatches: 0 as BatchNumber,
    })
    .onConflictDoNothing()
  const [row] = await tx.select().from(pruning).where(eq(pruning.id, ONLY_ROW)).for('update')
  return row!
}

/**
 * Moves the horizon to the first block of a batch, so that at least `keepBlocks` blocks stay, and the last batch whose
 * proof is final on L1 with all after it: neither a reorg nor a proof asks for what is older. Never moves it back.
 */
export async function advanceHorizon(tx: Queryable, keepBlocks: number): Promise<Pruning> {
  const before = await lockHorizon(tx)
  const { finalized } = await readBatchHeads(tx)
  const lastFinal = await findLastBlockNumberOfBatches(tx, finalized as BatchNumber)
  const head = await getLastBlock(tx)
  const border = toBlockNumber(Math.max(0, Math.min(lastFinal, head.blockNumber - keepBlocks + 1)))
  const [{ batchNumber: oldestBatch } = { batchNumber: before.oldestBatch }] = await tx
    .select({ batchNumber: l2Blocks.batchNumber })
    .from(l2Blocks)
    .where(eq(l2Blocks.blockNumber, border))
  const [first] = await findBlocksOfBatch(tx, oldestBatch)
  if (first === undefined || first.blockNumber <= Math.max(before.oldestBlock, before.nodesKnownFrom)) return before
  const [after] = await tx
    .update(pruning)
    .set({ oldestBatch, oldestBlock: first.blockNumber, updatedAt: sql`now()` })
    .where(eq(pruning.id, ONLY_ROW))
    .returning()
  await notify(tx, 'l2_block', first.blockNumber)
  return after!
}

export type Removal = { removedBatches: number; oldestBatch: number }

/**
 * Removes the next batches behind the horizon, as many as have `size` transactions and at least one; they are gone with the caller's transaction. Their
 * headers and what L1 said of them stay. `removedBatches` reaches `oldestBatch` when nothing is left to do.
 */
export async function removeHistory(tx: Queryable, size: number): Promise<Removal> {
  const [row] = await tx.select().from(pruning).where(eq(pruning.id, ONLY_ROW)).for('update')
  if (row === undefined) return { removedBatches: 0, oldestBatch: 0 }
  const { removedBatches: from, oldestBatch, oldestBlock } = row
  if (from === oldestBatch) return { removedBatches: from, oldestBatch }
  const to = await findEndOfStep(tx, { from, oldestBatch, size })
  const ofBatches = and(gte(l2Blocks.batchNumber, from), lt(l2Blocks.batchNumber, to))
  const [range] = await tx
    .select({
      first: sql<string | null>`min(${l2Blocks.blockNumber})`,
      last: sql<string | null>`max(${l2Blocks.blockNumber})`,
    })
    .from(l2Blocks)
    .where(ofBatches)
  if (range?.first != null)
    await removeBlocks(tx, {
      first: toBlockNumber(Number(range.first)),
      last: toBlockNumber(Number(range.last)),
      oldestBlock,
    })
  const isRemoved = and(gte(batches.batchNumber, from), lt(batches.batchNumber, to))
  await tx.update(batches).set({ batchL2Data: new Uint8Array() }).where(isRemoved)
  await tx.delete(witnesses).where(lt(witnesses.batchNumber, to))
  await tx.update(pruning).set({ removedBatches: to, updatedAt: sql`now()` }).where(eq(pruning.id, ONLY_ROW))
  return { removedBatches: to, oldestBatch }
}

/** Each batch is a little work by itself. */
async function findEndOfStep(
  tx: Queryable,
  { from, oldestBatch, size }: { from: number; oldestBatch: number; size: number },
): Promise<BatchNumber> {
  const [row] = await tx.execute<{ end: string }>(sql`
    select coalesce(max(batch_number), ${from}) + 1 as end from (
      select batch_number, sum(tx_count + 1) over (order by batch_number) as work from state.batches
      where batch_number between ${from} and ${oldestBatch - 1} order by batch_number limit ${size}
    ) next where work <= ${size}`)
  return Number(row!.end) as BatchNumber
}

async function removeBlocks(
  tx: Queryable,
  { first, last, oldestBlock }: { first: BlockNumber; last: BlockNumber; oldestBlock: BlockNumber },
): Promise<void> {
  await removeTreeNodes(tx, { first, last, oldest: oldestBlock })
  await rememberPruned(tx, first, last)
  await tx.delete(transactions).where(and(gte(transactions.blockNumber, first), lte(transactions.blockNumber, last)))
  await tx.delete(logs).where(and(gte(logs.blockNumber, first), lte(logs.blockNumber, last)))
  await tx
    .update(l2Blocks)
    .set({ batchL2Data: new Uint8Array(), logsBloom: null })
    .where(and(gte(l2Blocks.blockNumber, first), lte(l2Blocks.blockNumber, last)))
  await removeSuperseded(tx, first, last)
}

/** A version is of no use when a later one of the same key is behind the horizon too: the newest of them is the state there. */
async function removeSuperseded(tx: Queryable, first: BlockNumber, last: BlockNumber): Promise<void> {
  await tx.execute(sql`
    delete from state.accounts old using state.accounts newer
    where newer.block_number between ${first} and ${last}
      and old.address = newer.address and old.block_number < newer.block_number`)
  await tx.execute(sql`
    delete from state.storage old using state.storage newer
    where newer.block_number between ${first} and ${last}
      and old.address = newer.address and old.slot = newer.slot and old.block_number < newer.block_number`)
}
