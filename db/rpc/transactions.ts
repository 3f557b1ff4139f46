import { and, asc, eq, getTableColumns, type SQL } from 'drizzle-orm'
import type { BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { LogRow, TransactionRow } from '../blocks.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, logs, transactions } from '../schema.ts'

/** A mined transaction with the two facts of its block that JSON-RPC repeats. */
export type MinedTransaction = TransactionRow & { blockHash: Hash; blockTimestamp: number }

async function select(db: Queryable, where: SQL | undefined): Promise<MinedTransaction[]> {
  return await db
    .select({ ...getTableColumns(transactions), blockHash: l2Blocks.hash, blockTimestamp: l2Blocks.timestamp })
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .where(where)
    .orderBy(asc(transactions.blockNumber), asc(transactions.txIndex))
}

export async function findMinedTransaction(db: Queryable, hash: Hash): Promise<MinedTransaction | undefined> {
  const [row] = await select(db, eq(transactions.hash, hash))
  return row
}

export async function findMinedTransactionAt(
  db: Queryable,
  blockNumber: BlockNumber,
  txIndex: number,
): Promise<MinedTransaction | undefined> {
  const [row] = await select(db, and(eq(transactions.blockNumber, blockNumber), eq(transactions.txIndex, txIndex)))
  return row
}

/** In their order. */
export async function readTransactionsOfBlock(db: Queryable, blockNumber: BlockNumber): Promise<MinedTransaction[]> {
  return await select(db, eq(transactions.blockNumber, blockNumber))
}

export async function readTransactionsOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<MinedTransaction[]> {
  return await select(db, eq(l2Blocks.batchNumber, batchNumber))
}

/** Logs of one transaction, in order. */
export async function readLogsOfTransaction(
  db: Queryable,
  { blockNumber, txIndex }: Pick<TransactionRow, 'blockNumber' | 'txIndex'>,
): Promise<LogRow[]> {
  return await db
    .select()
    .from(logs)
    .where(and(eq(logs.blockNumber, blockNumber), eq(logs.txIndex, txIndex)))
    .orderBy(asc(logs.logIndex))
}

/** Logs of one block, in order. */
export async function readLogsOfBlock(db: Queryable, blockNumber: BlockNumber): Promise<LogRow[]> {
  return await db.select().from(logs).where(eq(logs.blockNumber, blockNumber)).orderBy(asc(logs.logIndex))
}
