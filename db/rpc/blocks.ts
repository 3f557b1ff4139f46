import { and, asc, desc, eq, getTableColumns, gte, lte, max, sql } from 'drizzle-orm'
import type { BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { BlockRow } from '../blocks.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, transactions } from '../schema.ts'

/** What JSON-RPC shows of a block besides its transactions. */
export type HeaderRow = Omit<BlockRow, 'batchL2Data' | 'createdAt'>

const { batchL2Data: _data, createdAt: _createdAt, ...headerColumns } = getTableColumns(l2Blocks)

export async function findHeaderByHash(db: Queryable, hash: Hash): Promise<HeaderRow | undefined> {
  const [row] = await db.select(headerColumns).from(l2Blocks).where(eq(l2Blocks.hash, hash))
  return row
}

export async function findHeader(db: Queryable, blockNumber: BlockNumber): Promise<HeaderRow | undefined> {
  const [row] = await db.select(headerColumns).from(l2Blocks).where(eq(l2Blocks.blockNumber, blockNumber))
  return row
}

export async function findNewestHeader(db: Queryable): Promise<HeaderRow | undefined> {
  const [row] = await db.select(headerColumns).from(l2Blocks).orderBy(desc(l2Blocks.blockNumber)).limit(1)
  return row
}

/** Headers of a range, both ends included, ascending; at most `limit`. */
export async function readHeaders(
  db: Queryable,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<HeaderRow[]> {
  return await db
    .select(headerColumns)
    .from(l2Blocks)
    .where(and(gte(l2Blocks.blockNumber, from as BlockNumber), lte(l2Blocks.blockNumber, to as BlockNumber)))
    .orderBy(asc(l2Blocks.blockNumber))
    .limit(limit)
}

export async function readHeadersOfBatch(db: Queryable, batchNumber: BatchNumber): Promise<HeaderRow[]> {
  return await db
    .select(headerColumns)
    .from(l2Blocks)
    .where(eq(l2Blocks.batchNumber, batchNumber))
    .orderBy(asc(l2Blocks.blockNumber))
}

/**
 * Hashes of the transactions of the block with this hash, in order; none when it is gone. Read as one value: a row for
 * each costs many times as much.
 */
export async function readTransactionHashes(db: Queryable, hash: Hash): Promise<Hash[]> {
  const [row] = await db
    .select({ joined: sql<Uint8Array | null>`string_agg(${transactions.hash}, '' order by ${transactions.txIndex})` })
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .where(eq(l2Blocks.hash, hash))
  const digits = Buffer.from(row?.joined ?? []).toString('hex')
  return Array.from(
    { length: digits.length / 64 },
    (_, index) => `0x${digits.slice(64 * index, 64 * (index + 1))}` as Hash,
  )
}

/** Last block of the batches up to this one; block 0 at the least. */
export async function findLastBlockNumberOfBatches(db: Queryable, batchNumber: BatchNumber): Promise<BlockNumber> {
  const [row] = await db
    .select({ last: max(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(lte(l2Blocks.batchNumber, batchNumber))
  return (row?.last ?? 0) as BlockNumber
}

/** Time of the first block of this batch or a later one, seconds. */
export async function findFirstTimestampFrom(db: Queryable, batchNumber: BatchNumber): Promise<number | undefined> {
  const [row] = await db
    .select({ timestamp: l2Blocks.timestamp })
    .from(l2Blocks)
    .where(gte(l2Blocks.batchNumber, batchNumber))
    .orderBy(asc(l2Blocks.batchNumber), asc(l2Blocks.blockNumber))
    .limit(1)
  return row?.timestamp
}

/** State roots of blocks `from` to `to`, both included, in order. */
export async function readStateRoots(db: Queryable, from: number, to: number): Promise<Hash[]> {
  const rows = await db
    .select({ stateRoot: l2Blocks.stateRoot })
    .from(l2Blocks)
    .where(and(gte(l2Blocks.blockNumber, from as BlockNumber), lte(l2Blocks.blockNumber, to as BlockNumber)))
    .orderBy(asc(l2Blocks.blockNumber))
  return rows.map(({ stateRoot }) => stateRoot)
}
