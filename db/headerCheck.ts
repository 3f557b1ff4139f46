import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { type BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import { findBlock, findBlocksOfBatch } from './blocks.ts'
import type { Queryable } from './client.ts'
import { toHeader } from './storedBlock.ts'

export type HeaderDifference = { field: string; claimed: string; computed: string; blockNumber: BlockNumber }

/**
 * Compares what JSON-RPC shows of a batch's stored blocks (hash, parent hash, transactions root, receipts root) with
 * what their execution gives. No proof covers these; a wrong one would mislead every reader of the chain. The blocks
 * are those of the batch, one to one.
 */
export async function findHeaderDifference(
  db: Queryable,
  batchNumber: BatchNumber,
  blocks: readonly L2BlockResult[],
): Promise<HeaderDifference | undefined> {
  const rows = await findBlocksOfBatch(db, batchNumber)
  const [first] = rows
  if (first === undefined) return undefined
  let parentHash = (await findBlock(db, BlockNumber(first.blockNumber - 1)))?.hash ?? first.parentHash
  for (const [index, row] of rows.entries()) {
    const block = toHeader(blocks[index]!, parentHash)
    for (const field of ['parentHash', 'transactionsRoot', 'receiptsRoot', 'hash'] as const)
      if (row[field] !== block[field])
        return { field, claimed: row[field], computed: block[field], blockNumber: row.blockNumber }
    parentHash = row.hash
  }
  return undefined
}
