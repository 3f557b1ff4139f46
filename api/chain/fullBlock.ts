import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { MinedReceipt } from '#db/rpc/receipts.ts'
import { formatBlock, formatReceipt, formatRollupFields, formatTransaction } from '../format.ts'
import * as schema from '../schemas.ts'

/** Blocks and transactions as the zkevm_ methods show them are those of eth_ with more fields. */
export const fullBlock = schema.block
export const fullTransaction = schema.transaction

export const formatFullBlock = (header: HeaderRow, transactions: readonly unknown[]) => ({
  ...formatBlock(header, transactions),
  ...formatRollupFields(header),
})

export function formatWithReceipts(receipts: readonly MinedReceipt[]) {
  return receipts.map(({ row, logs }) => ({
    ...formatTransaction(row, { l2Hash: true }),
    receipt: formatReceipt(row, logs, { extra: true }),
  }))
}
