import { sql } from 'drizzle-orm'
import { hexArray } from './arrays.ts'
import type { ClosedBatchRow } from './batches.ts'
import { type BlockToStore, changedRows } from './blocks.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { notify } from './notify.ts'
import {
  accounts,
  batches,
  codes,
  l2Blocks,
  logs,
  poolTransactions,
  storage,
  transactions,
  virtualBatches,
  witnesses,
} from './schema.ts'
import { insertTreeNodes } from './treeNodes.ts'

/** A batch that is whole from the start: it was never open here. */
export type BatchToStore = {
  batch: Omit<ClosedBatchRow, 'openedAt' | 'closedAt' | 'checkedAt' | 'blockCount' | 'txCount'>
  blocks: readonly BlockToStore[]
  /** Inputs that L1 fixed, when it has the batch. */
  virtual?: typeof virtualBatches.$inferInsert
  witness?: typeof witnesses.$inferInsert
}

/**
 * Stores closed batches with everything that is in them, in one statement a table however many they are. They follow
 * the last batch of the State DB. The caller's transaction makes them one effect.
 */
export async function storeBatches(tx: Queryable, stored: readonly BatchToStore[]): Promise<void> {
  const last = stored.at(-1)
  if (last === undefined) return
  const now = new Date()
  const blocks = stored.flatMap((batch) => batch.blocks)
  await insertMany(
    tx,
    batches,
    stored.map(({ batch, blocks }) => ({
      ...{ ...batch, openedAt: now, closedAt: now, checkedAt: now },
      ...{ blockCount: blocks.length, txCount: blocks.reduce((sum, block) => sum + block.transactions.length, 0) },
    })),
  )
  await insertMany(
    tx,
    l2Blocks,
    blocks.map(({ block, transactions }) => ({ ...block, txCount: transactions.length })),
  )
  const changed = blocks.map(({ block, changes }) => changedRows(block.blockNumber, changes))
  const hashes = hexArray(blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash)))
  // Their batches and blocks are there: they are sent without waiting for each other.
  await Promise.all([
    insertMany(
      tx,
      transactions,
      blocks.flatMap(({ block: { blockNumber }, transactions }) =>
        transactions.map((transaction, txIndex) => ({ ...transaction, blockNumber, txIndex })),
      ),
    ),
    insertMany(
      tx,
      logs,
      blocks.flatMap(({ block: { blockNumber }, logs }) => logs.map((log) => ({ ...log, blockNumber }))),
    ),
    insertMany(
      tx,
      codes,
      changed.flatMap(({ codes }) => codes),
      sql`on conflict do nothing`,
    ),
    insertMany(
      tx,
      accounts,
      changed.flatMap(({ accounts }) => accounts),
    ),
    insertMany(
      tx,
      storage,
      changed.flatMap(({ storage }) => storage),
    ),
    insertTreeNodes(
      tx,
      blocks.map(({ block: { blockNumber }, newNodes }) => ({ blockNumber, newNodes })),
    ),
    insertMany(
      tx,
      virtualBatches,
      stored.flatMap(({ virtual }) => virtual ?? []),
    ),
    insertMany(
      tx,
      witnesses,
      stored.flatMap(({ witness }) => witness ?? []),
    ),
    tx.delete(poolTransactions).where(sql`${poolTransactions.hash} = any(${hashes})`),
    notify(tx, 'batch', last.batch.batchNumber),
    ...blocks.slice(-1).map(({ block }) => notify(tx, 'l2_block', block.blockNumber)),
  ])
}
