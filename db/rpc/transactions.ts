import { and, asc, eq, getTableColumns, type SQL } from 'drizzle-orm'
import type { Address, BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { LogRow, TransactionRow } from '../blocks.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, logs, transactions } from '../schema.ts'

/** A mined transaction with the facts of its block that JSON-RPC repeats. */
export type MinedTransaction = TransactionRow & { blockHash: Hash; blockTimestamp: number; stateRoot: Hash }

/** Of `transactions` joined with `l2Blocks`. */
export const columns = {
  ...getTableColumns(transactions),
  blockHash: l2Blocks.hash,
  blockTimestamp: l2Blocks.timestamp,
  stateRoot: l2Blocks.stateRoot,
}

async function select(db: Queryable, where: SQL | undefined): Promise<MinedTransaction[]> {
  return await db
    .select(columns)
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

export async function findMinedTransactionByL2Hash(db: Queryable, l2Hash: Hash): Promise<MinedTransaction | undefined> {
  const [row] = await select(db, eq(transactions.l2Hash, l2Hash))
  return row
}

export async function findMinedTransactionByNonce(
  db: Queryable,
  sender: Address,
  nonce: number,
): Promise<MinedTransaction | undefined> {
  const [row] = await select(db, and(eq(transactions.sender, sender), eq(transactions.nonce, nonce)))
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

/** Logs of all blocks of a batch, in order. */
export async function readLogsOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<LogRow[]> {
  return await db
    .select(getTableColumns(logs))
    .from(logs)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, logs.blockNumber))
    .where(eq(l2Blocks.batchNumber, batchNumber))
    .orderBy(asc(logs.blockNumber), asc(logs.logIndex))
}
