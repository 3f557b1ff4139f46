import type { BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { LogRow } from '../blocks.ts'
import type { Database } from '../client.ts'
import { inSnapshot } from '../snapshot.ts'
import {
  type MinedTransaction,
  readLogsOfBatch,
  readLogsOfBlock,
  readTransactionsOfBatch,
  readTransactionsOfBlock,
} from './transactions.ts'

/** What a receipt is made of. */
export type MinedReceipt = { row: MinedTransaction; logs: readonly LogRow[] }

/** Of a block, in its order. None when the block is gone, or another has its number. */
export async function readReceiptsOfBlock(
  db: Database,
  { blockNumber, hash }: { blockNumber: BlockNumber; hash: Hash },
): Promise<MinedReceipt[]> {
  const receipts = await inSnapshot(db, async (tx) =>
    joinLogs(await readTransactionsOfBlock(tx, blockNumber), await readLogsOfBlock(tx, blockNumber)),
  )
  return receipts[0]?.row.blockHash === hash ? receipts : []
}

/** Of all blocks of a batch, in their order. */
export async function readReceiptsOfBatch(db: Database, batchNumber: BatchNumber): Promise<MinedReceipt[]> {
  return await inSnapshot(db, async (tx) =>
    joinLogs(await readTransactionsOfBatch(tx, batchNumber), await readLogsOfBatch(tx, batchNumber)),
  )
}

const placeOf = ({ blockNumber, txIndex }: { blockNumber: BlockNumber; txIndex: number }) => `${blockNumber}/${txIndex}`

function joinLogs(rows: readonly MinedTransaction[], logs: readonly LogRow[]): MinedReceipt[] {
  const logsOf = new Map<string, LogRow[]>(rows.map((row) => [placeOf(row), []]))
  for (const log of logs) logsOf.get(placeOf(log))?.push(log)
  return rows.map((row) => ({ row, logs: logsOf.get(placeOf(row))! }))
}
