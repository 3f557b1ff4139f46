import { and, asc, count, gt, gte, max, min, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { batches, l1Blocks, l2Blocks, transactions, virtualBatches } from './schema.ts'

/** What a node has from a batch on, by what becomes of it when it is taken again from L1. */
export type HeldFrom = {
  /** Newest batch, the open one too. */
  lastBatch: number
  blocks: number
  transactions: number
  /** Newest of them that L1 has. */
  lastVirtual: number | undefined
  /** L1 block that sequenced the first of them. */
  l1Block: number | undefined
  /** Of batches that L1 does not have. */
  transactionsNotOnL1: number
}

/** undefined when the node has no such batch. */
export async function findHeldFrom(db: Queryable, fromBatch: BatchNumber): Promise<HeldFrom | undefined> {
  const [held] = await db
    .select({ last: max(batches.batchNumber) })
    .from(batches)
    .where(gte(batches.batchNumber, fromBatch))
  const [virtual] = await db
    .select({ last: max(virtualBatches.batchNumber), l1Block: min(virtualBatches.l1BlockNumber) })
    .from(virtualBatches)
    .where(gte(virtualBatches.batchNumber, fromBatch))
  if (held?.last == null && virtual?.last == null) return undefined
  const [blocks] = await db
    .select({ count: count(), first: min(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(gte(l2Blocks.batchNumber, fromBatch))
  const lastVirtual = virtual?.last ?? undefined
  return {
    lastBatch: held?.last ?? fromBatch,
    blocks: blocks?.count ?? 0,
    transactions: await countTransactionsFrom(db, fromBatch),
    lastVirtual,
    l1Block: virtual?.l1Block ?? undefined,
    transactionsNotOnL1: await countTransactionsFrom(db, ((lastVirtual ?? fromBatch - 1) + 1) as BatchNumber),
  }
}

async function countTransactionsFrom(db: Queryable, fromBatch: BatchNumber): Promise<number> {
  const [first] = await db
    .select({ blockNumber: min(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(gte(l2Blocks.batchNumber, fromBatch))
  if (first?.blockNumber == null) return 0
  const [row] = await db
    .select({ count: count() })
    .from(transactions)
    .where(gte(transactions.blockNumber, first.blockNumber))
  return row?.count ?? 0
}

/** First batch that L1 sequenced after an L1 block, as far as the node has read. */
export async function findFirstVirtualAfter(db: Queryable, l1Block: number): Promise<BatchNumber | undefined> {
  const [row] = await db
    .select({ batchNumber: virtualBatches.batchNumber })
    .from(virtualBatches)
    .where(gt(virtualBatches.l1BlockNumber, l1Block))
    .orderBy(asc(virtualBatches.batchNumber))
    .limit(1)
  return row?.batchNumber
}

/** First batch from this one on that has content and is not verified. */
export async function findFirstUnverified(db: Queryable, fromBatch: BatchNumber): Promise<BatchNumber | undefined> {
  const isEmpty = sql`(${batches.closedAt} is null and ${batches.txCount} = 0)`
  const [row] = await db
    .select({ batchNumber: batches.batchNumber })
    .from(batches)
    .where(
      and(
        gte(batches.batchNumber, fromBatch),
        sql`${batches.batchNumber} > (select coalesce(max(to_batch), 0) from state.verifications)`,
        sql`not ${isEmpty}`,
      ),
    )
    .orderBy(asc(batches.batchNumber))
    .limit(1)
  return row?.batchNumber
}

/**
 * Forgets what L1 brought after a block, to read it again; nothing there has changed. So what this node sent to L1 stays
 * as it is, other than after a reorg.
 */
export async function forgetL1BlocksAfter(tx: Queryable, l1Block: number): Promise<void> {
  await tx.delete(l1Blocks).where(gt(l1Blocks.blockNumber, l1Block))
}

/** Processes of a node that write the State DB, by the names of their connections. */
const WRITERS = ['zknode-synchronizer', 'zknode-follower', 'zknode-sequencer', 'zknode-workflows']

/** Those that are connected now. */
export async function findRunningWriters(db: Queryable): Promise<string[]> {
  const rows = await db.execute<{ name: string }>(sql`
    select distinct application_name as name from pg_stat_activity
    where datname = current_database() and application_name in (${sql.join(
      WRITERS.map((name) => sql`${name}`),
      sql`, `,
    )})
    order by 1`)
  return rows.map(({ name }) => name)
}
