import type { LogRow } from '#db/blocks.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { MinedTransaction } from '#db/rpc/transactions.ts'
import { formatBlock, formatReceipt, formatRollupFields, formatTransaction } from '../format.ts'
import * as schema from '../schemas.ts'

/** Blocks and transactions as the zkevm_ methods show them are those of eth_ with more fields. */
export const fullBlock = schema.block
export const fullTransaction = schema.transaction

export const formatFullBlock = (header: HeaderRow, transactions: readonly unknown[]) => ({
  ...formatBlock(header, transactions),
  ...formatRollupFields(header),
})

/** `logs` are those of all blocks that the transactions are of. */
export function formatWithReceipts(transactions: readonly MinedTransaction[], logs: readonly LogRow[]) {
  return transactions.map((row) => {
    const own = logs.filter(({ blockNumber, txIndex }) => blockNumber === row.blockNumber && txIndex === row.txIndex)
    return { ...formatTransaction(row, { l2Hash: true }), receipt: formatReceipt(row, own, { extra: true }) }
  })
}
