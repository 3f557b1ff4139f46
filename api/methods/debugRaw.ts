import { bytesToHex } from '#common/bytes.ts'
import type { LogRow } from '#db/blocks.ts'
import { findPoolTransaction } from '#db/pool.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { readReceiptsOfBlock } from '#db/rpc/receipts.ts'
import { readTransactionsOfBlock } from '#db/rpc/transactions.ts'
import { encodeBlock, encodeHeader, encodeReceipt, type L2BlockHeader } from '#protocol/l2Block.ts'
import { getBlockByParameter } from '../chain/blockTag.ts'
import { findTransaction } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import { topicsOf } from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, hashParam } from '../params.ts'
import * as schema from '../schemas.ts'

/** Blocks, transactions and receipts as the chain hashes them. */
export const debugRawMethods = (deps: ApiDeps) => {
  const { db } = deps
  return [
    method({
      name: 'debug_getRawHeader',
      summary: 'RLP of a header: its keccak is the hash of the block',
      cost: 2,
      params: [blockNumberParam('block')],
      result: schema.bytes,
      handle: async ([block]) => bytesToHex(encodeHeader(toHeader(await getBlockByParameter(deps, block)))),
    }),
    method({
      name: 'debug_getRawBlock',
      summary: 'RLP of a block',
      cost: 10,
      params: [blockNumberParam('block')],
      result: schema.bytes,
      handle: async ([block]) => {
        const header = await getBlockByParameter(deps, block)
        const transactions = await readTransactionsOfBlock(db, header.blockNumber)
        const raws = transactions.map(({ raw }) => raw)
        return bytesToHex(encodeBlock(toHeader(header), raws))
      },
    }),
    method({
      name: 'debug_getRawTransaction',
      summary: 'A transaction as it was signed, mined or waiting',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.bytes,
      handle: async ([hash]) => {
        const row =
          (await findTransaction(deps, hash)) ??
          (await findPoolTransaction(db, hash)) ??
          (await findTransaction(deps, hash)) // it may have left the pool between the two reads
        if (row === undefined) throw serverError('transaction not found')
        return bytesToHex(row.raw)
      },
    }),
    method({
      name: 'debug_getRawReceipts',
      summary: 'RLP of the receipts of a block, as its receipts root holds them',
      cost: 10,
      params: [blockNumberParam('block')],
      result: schema.listOf(schema.bytes),
      handle: async ([block]) => {
        const receipts = await readReceiptsOfBlock(db, await getBlockByParameter(deps, block))
        return receipts.map(({ row: { status, cumulativeGasUsed }, logs }) =>
          bytesToHex(
            encodeReceipt({
              status: status === 1 ? 1 : 0,
              cumulativeGasUsed: BigInt(cumulativeGasUsed),
              logs: logs.map(toLog),
            }),
          ),
        )
      },
    }),
  ]
}

const toHeader = (header: HeaderRow): L2BlockHeader => ({
  ...header,
  number: header.blockNumber,
  gasUsed: BigInt(header.gasUsed),
  logsBloom: header.logsBloom ?? new Uint8Array(256),
})

const toLog = (log: LogRow) => ({ address: log.address, topics: topicsOf(log), data: log.data })
