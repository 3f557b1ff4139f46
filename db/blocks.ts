import { desc, eq, inArray, sql } from 'drizzle-orm'
import { bigIntToBytes, bytesToHex } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { StoredNode } from '#merkletree/nodeStore.ts'
import { type Address, type BatchNumber, type BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { hexArray } from './arrays.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { notify } from './notify.ts'
import { accounts, codes, l2Blocks, logs, poolTransactions, storage, transactions } from './schema.ts'
import { insertTreeNodes } from './treeNodes.ts'

export class BlockNotFoundError extends NodeError {
  override readonly name = 'BlockNotFoundError'
}

export type BlockRow = typeof l2Blocks.$inferSelect
export type TransactionRow = typeof transactions.$inferSelect
export type LogRow = typeof logs.$inferSelect

/** What a block changed in the world: every touched account and slot with its value after the block. */
export type StateChanges = {
  accounts: ReadonlyMap<Address, { nonce: bigint; balance: bigint; codeHash: Hash; codeSize: number }>
  storage: readonly { address: Address; slot: bigint; value: bigint }[]
  codes: ReadonlyMap<Hash, Uint8Array>
}

/** An L2 block with all that is stored of it. Positions in the block are those in the lists. */
export type BlockToStore = {
  block: Omit<typeof l2Blocks.$inferInsert, 'createdAt' | 'txCount'>
  transactions: readonly Omit<typeof transactions.$inferInsert, 'blockNumber' | 'txIndex'>[]
  logs: readonly Omit<typeof logs.$inferInsert, 'blockNumber'>[]
  changes: StateChanges
  newNodes: readonly StoredNode[]
}

/**
 * Stores an L2 block whole: header, transactions, receipts, logs, state by version, code, tree nodes; takes its
 * transactions out of the pool and tells listeners. The caller's transaction makes it one effect. Returns its header.
 */
export async function storeBlock(
  tx: Queryable,
  { block, changes, newNodes, ...content }: BlockToStore,
): Promise<BlockRow> {
  const { blockNumber } = block
  const [row] = await tx
    .insert(l2Blocks)
    .values({ ...block, txCount: content.transactions.length })
    .returning()
  const hashes = hexArray(content.transactions.map(({ hash }) => hash))
  // Only the block's own row must be there before the others: they are sent without waiting for each other.
  await Promise.all([
    insertMany(
      tx,
      transactions,
      content.transactions.map((transaction, txIndex) => ({ ...transaction, blockNumber, txIndex })),
    ),
    insertMany(
      tx,
      logs,
      content.logs.map((log) => ({ ...log, blockNumber })),
    ),
    ...storeChanges(tx, blockNumber, changes),
    insertTreeNodes(tx, [{ blockNumber, newNodes }]),
    tx.delete(poolTransactions).where(sql`${poolTransactions.hash} = any(${hashes})`),
    notify(tx, 'l2_block', blockNumber),
  ])
  return row!
}

function storeChanges(tx: Queryable, blockNumber: BlockNumber, changes: StateChanges): Promise<void>[] {
  const rows = changedRows(blockNumber, changes)
  return [
    insertMany(tx, codes, rows.codes, sql`on conflict do nothing`),
    insertMany(tx, accounts, rows.accounts),
    insertMany(tx, storage, rows.storage),
  ]
}

/** What a block changed, as rows by version. */
export function changedRows(blockNumber: BlockNumber, changes: StateChanges) {
  return {
    codes: [...changes.codes].map(([codeHash, code]) => ({ codeHash, code })),
    accounts: [...changes.accounts].map(([address, account]) => ({
      address,
      blockNumber,
      nonce: Number(account.nonce),
      balance: account.balance,
      codeHash: account.codeHash === ZERO_HASH ? null : account.codeHash,
      codeSize: account.codeSize,
    })),
    storage: changes.storage.map(({ address, slot, value }) => ({
      ...{ address, slot: word(slot), blockNumber, value: word(value) },
    })),
  }
}

const word = (value: bigint) => bytesToHex(bigIntToBytes(value, 32)) as Hash

export async function findLastBlock(db: Queryable): Promise<BlockRow | undefined> {
  const [row] = await db.select().from(l2Blocks).orderBy(desc(l2Blocks.blockNumber)).limit(1)
  return row
}

/** @throws {BlockNotFoundError} on an empty State DB: genesis is written before anything runs. */
export async function getLastBlock(db: Queryable): Promise<BlockRow> {
  const row = await findLastBlock(db)
  if (row === undefined) throw new BlockNotFoundError('The State DB has no genesis block.')
  return row
}

export async function findBlock(db: Queryable, blockNumber: BlockNumber): Promise<BlockRow | undefined> {
  const [row] = await db.select().from(l2Blocks).where(eq(l2Blocks.blockNumber, blockNumber))
  return row
}

/** In order of their numbers. */
export async function findBlocksOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<BlockRow[]> {
  return await db.select().from(l2Blocks).where(eq(l2Blocks.batchNumber, batchNumber)).orderBy(l2Blocks.blockNumber)
}

/** Which of these transactions are in a block. */
export async function findMinedHashes(db: Queryable, hashes: readonly Hash[]): Promise<Set<Hash>> {
  if (hashes.length === 0) return new Set()
  const rows = await db
    .select({ hash: transactions.hash })
    .from(transactions)
    .where(inArray(transactions.hash, [...hashes]))
  return new Set(rows.map(({ hash }) => hash))
}
