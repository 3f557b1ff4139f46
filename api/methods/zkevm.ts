import { bytesToHex } from '#common/bytes.ts'
import { type BatchRow, findBatch, readBatchL2Data } from '#db/batches.ts'
import { type BatchHeads, findBatchNumberOfBlock, readBatchExtras, readBatchHeads } from '#db/rpc/batches.ts'
import { findLastBlockNumberOfBatches, type HeaderRow, readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { readReceiptsOfBatch } from '#db/rpc/receipts.ts'
import { type MinedTransaction, readTransactionsOfBatch } from '#db/rpc/transactions.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import { type BatchNumber, type BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { resolveBlockNumber, resolveKeptBatch } from '../chain/blockTag.ts'
import { formatFullBlock, formatWithReceipts } from '../chain/fullBlock.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, booleanParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'

const batch = schema.component(
  'batch',
  schema.object(
    {
      number: schema.quantity,
      coinbase: schema.address,
      stateRoot: schema.hash,
      globalExitRoot: schema.hash,
      mainnetExitRoot: schema.hash,
      rollupExitRoot: schema.hash,
      localExitRoot: schema.hash,
      accInputHash: schema.hash,
      timestamp: schema.quantity,
      sendSequencesTxHash: schema.nullable(schema.hash),
      verifyBatchTxHash: schema.nullable(schema.hash),
      closed: schema.boolean,
      blocks: schema.either(schema.listOf(schema.hash), schema.listOf(schema.block)),
      transactions: schema.either(schema.listOf(schema.hash), schema.listOf(schema.transaction)),
      batchL2Data: schema.bytes,
    },
    { forcedBatchNumber: schema.quantity },
  ),
)

/** Batches, and how far blocks are on their way to L1. Field names: zkevm-node. */
export const zkevmMethods = (deps: ApiDeps) => {
  const { db } = deps
  const head = (name: string, summary: string, which: keyof BatchHeads) =>
    method({
      ...{ name, summary, cost: 1, params: [], result: schema.quantity },
      handle: async () => quantity((await readBatchHeads(db))[which]),
    })

  /** Whether the block's batch is at or below a head; false for a block that does not exist. */
  const isWithin = (name: string, summary: string, which: 'virtual' | 'verified') =>
    method({
      name,
      summary,
      cost: 2,
      params: [blockNumberParam('blockNumber')],
      result: schema.boolean,
      handle: async ([block]) => {
        const blockNumber = await resolveBlockNumber(deps, block)
        const batchNumber = blockNumber === undefined ? undefined : await findBatchNumberOfBlock(db, blockNumber)
        return batchNumber !== undefined && batchNumber <= (await readBatchHeads(db))[which]
      },
    })

  return [
    head('zkevm_batchNumber', 'Newest batch of the trusted state, open or closed', 'trusted'),
    head('zkevm_virtualBatchNumber', 'Newest batch sequenced on L1', 'virtual'),
    head('zkevm_verifiedBatchNumber', 'Newest batch proven on L1', 'verified'),
    isWithin('zkevm_isBlockVirtualized', 'Whether the batch of this block was sequenced on L1', 'virtual'),
    isWithin('zkevm_isBlockConsolidated', 'Whether the batch of this block is proven on L1', 'verified'),
    method({
      name: 'zkevm_consolidatedBlockNumber',
      summary: 'Last block whose batch is proven on L1',
      cost: 1,
      params: [],
      result: schema.quantity,
      handle: async () => {
        const { verified } = await readBatchHeads(db)
        return quantity(await findLastBlockNumberOfBatches(db, verified as BatchNumber))
      },
    }),
    method({
      name: 'zkevm_batchNumberByBlockNumber',
      summary: 'Batch that holds the block; null when the block is unknown',
      cost: 2,
      params: [blockNumberParam('blockNumber')],
      result: schema.nullable(schema.quantity),
      handle: async ([block]) => {
        const blockNumber = await resolveBlockNumber(deps, block)
        const batchNumber = await findBatchNumberOfBlock(db, blockNumber as BlockNumber)
        return batchNumber === undefined ? null : quantity(batchNumber)
      },
    }),
    method({
      name: 'zkevm_getBatchByNumber',
      summary: 'A batch with its blocks and transactions; null when it does not exist yet',
      cost: 10,
      params: [blockNumberParam('batchNumber'), optional(booleanParam('includeTransactions'))],
      result: schema.nullable(batch),
      handle: async ([batch, includeTransactions]) => {
        const row = await findBatch(db, await resolveKeptBatch(deps, batch))
        return row === undefined ? null : await showBatch(row, includeTransactions === true)
      },
    }),
  ]

  async function showBatch(row: BatchRow, full: boolean) {
    const { batchNumber } = row
    const [extras, onL1, headers, receipts, batchL2Data] = await Promise.all([
      readBatchExtras(db, row),
      findBatchOnL1(db, batchNumber),
      readHeadersOfBatch(db, batchNumber),
      full ? readReceiptsOfBatch(db, batchNumber) : undefined,
      readBatchL2Data(db, row),
    ])
    const transactions = receipts?.map(({ row }) => row) ?? (await readTransactionsOfBatch(db, batchNumber))
    return {
      number: quantity(batchNumber),
      ...(row.forcedBatchNumber === null ? {} : { forcedBatchNumber: quantity(row.forcedBatchNumber) }),
      coinbase: row.coinbase,
      stateRoot: row.stateRoot ?? headers.at(-1)?.stateRoot ?? ZERO_HASH,
      globalExitRoot: extras.globalExitRoot,
      mainnetExitRoot: extras.mainnetExitRoot,
      rollupExitRoot: extras.rollupExitRoot,
      localExitRoot: row.localExitRoot ?? ZERO_HASH,
      accInputHash: extras.accInputHash,
      timestamp: quantity(row.lastTimestamp ?? headers.at(-1)?.timestamp ?? 0),
      sendSequencesTxHash: onL1.virtual?.l1TxHash ?? null,
      verifyBatchTxHash: onL1.verified?.l1TxHash ?? null,
      closed: row.closedAt !== null,
      blocks: full
        ? headers.map((header) => formatFullBlock(header, hashesOf(header, transactions)))
        : headers.map(({ hash }) => hash),
      transactions: receipts === undefined ? transactions.map(({ hash }) => hash) : formatWithReceipts(receipts),
      batchL2Data: bytesToHex(batchL2Data),
    }
  }
}

const hashesOf = ({ blockNumber }: HeaderRow, transactions: readonly MinedTransaction[]) =>
  transactions.filter((row) => row.blockNumber === blockNumber).map(({ hash }) => hash)
