import { bytesToHex } from '#common/bytes.ts'
import { listPoolTransactions } from '#db/pool.ts'
import { findHeader, type HeaderRow, readStateRoots, readTransactionHashes } from '#db/rpc/blocks.ts'
import { readReceiptsOfBlock } from '#db/rpc/receipts.ts'
import { findMinedTransactionByL2Hash, readLogsOfTransaction } from '#db/rpc/transactions.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import { decodeRawTransaction, encodeL2HashPreimage } from '#protocol/transaction.ts'
import { findBlockByParameter, getBlockByParameter, resolveBlockNumber } from '../chain/blockTag.ts'
import { formatFullBlock, formatWithReceipts, fullBlock, fullTransaction } from '../chain/fullBlock.ts'
import { findBlockByHash, requireFound, requireHistory } from '../chain/history.ts'
import { placeOfPending } from '../chain/pendingBlock.ts'
import { MAX_WAITING } from '../chain/waiting.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidParams, serverError } from '../errors.ts'
import {
  formatPendingBlock,
  formatPendingTransaction,
  formatReceipt,
  formatRollupFields,
  formatTransaction,
  quantity,
  topicsOf,
} from '../format.ts'
import { method } from '../method.ts'
import {
  blockNumberParam,
  blockParam,
  booleanParam,
  customParam,
  hashParam,
  parseBlockNumberOrTag,
  parseObject,
} from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_NATIVE_HASHES = 60_000

const rangeParam = customParam('filter', { type: 'object' }, (value, index) => {
  const { fromBlock = 'latest', toBlock = 'latest' } = parseObject(value, index)
  return {
    from: parseBlockNumberOrTag(fromBlock ?? 'latest', index),
    to: parseBlockNumberOrTag(toBlock ?? 'latest', index),
  }
})

/** Blocks and transactions with the fields of the rollup. */
export const zkevmBlockMethods = (deps: ApiDeps) => {
  const { db, head } = deps

  async function showFullBlock(header: HeaderRow | undefined, full: boolean) {
    if (header === undefined) return null
    const transactions = full
      ? formatWithReceipts(await readReceiptsOfBlock(db, header))
      : await readTransactionHashes(db, header.hash)
    return formatFullBlock(header, transactions)
  }

  const showPendingBlock = () => ({
    ...formatPendingBlock(head.latest, placeOfPending(head.latest)),
    ...formatRollupFields(head.latest),
    totalDifficulty: null,
  })

  const findMined = async (hash: Hash) => await requireFound(deps, hash, await findMinedTransactionByL2Hash(db, hash))

  async function findWaiting(l2Hash: Hash) {
    const waiting = await listPoolTransactions(db, { limit: MAX_WAITING })
    return waiting.find(
      ({ raw, sender }) => linearPoseidon(encodeL2HashPreimage(decodeRawTransaction(raw), sender)) === l2Hash,
    )
  }

  return [
    method({
      name: 'zkevm_getFullBlockByNumber',
      summary: 'A block with the fields of the rollup and, in the full form, receipts inside its transactions',
      cost: 10,
      params: [blockNumberParam('blockNumber'), booleanParam('includeTransactions')],
      result: schema.nullable(fullBlock),
      handle: async ([block, full]) =>
        block === 'pending' ? showPendingBlock() : await showFullBlock(await findBlockByParameter(deps, block), full),
    }),
    method({
      name: 'zkevm_getFullBlockByHash',
      summary: 'A block with the fields of the rollup and, in the full form, receipts inside its transactions',
      cost: 10,
      params: [hashParam('hash'), booleanParam('includeTransactions')],
      result: schema.nullable(fullBlock),
      handle: async ([hash, full]) => await showFullBlock(await findBlockByHash(deps, hash), full),
    }),
    method({
      name: 'zkevm_getNativeBlockHashesInRange',
      summary: 'State roots of the blocks of a range, in order',
      cost: 20,
      params: [rangeParam],
      result: schema.nullable(schema.listOf(schema.hash)),
      handle: async ([{ from, to }]) => {
        const first = (await resolveBlockNumber(deps, from)) ?? 0
        const last = (await resolveBlockNumber(deps, to)) ?? 0
        if (first > last) throw invalidParams('invalid block range')
        requireHistory(deps, first)
        if (last - first >= MAX_NATIVE_HASHES)
          throw invalidParams(`native block hashes are limited to a ${MAX_NATIVE_HASHES} block range`, {
            from: quantity(first),
            to: quantity(first + MAX_NATIVE_HASHES - 1),
            limit: MAX_NATIVE_HASHES,
          })
        const roots = await readStateRoots(db, first, last)
        return roots.length === 0 ? null : roots
      },
    }),
    method({
      name: 'zkevm_getTransactionByL2Hash',
      summary: 'Transaction found by its ROM hash, in the state or in the pool',
      cost: 10,
      params: [hashParam('hash')],
      result: schema.nullable(fullTransaction),
      handle: async ([hash]) => {
        const mined = await findMined(hash)
        if (mined !== undefined) return formatTransaction(mined, { l2Hash: true })
        const waiting = await findWaiting(hash)
        return waiting === undefined ? null : { ...formatPendingTransaction(waiting), l2Hash: hash }
      },
    }),
    method({
      name: 'zkevm_getTransactionReceiptByL2Hash',
      summary: 'Receipt found by the ROM hash of its transaction',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.nullable(schema.receipt),
      handle: async ([hash]) => {
        const row = await findMined(hash)
        return row === undefined ? null : formatReceipt(row, await readLogsOfTransaction(db, row), { extra: true })
      },
    }),
    method({
      name: 'zkevm_getL2BlockInfoTree',
      summary: 'What the block information tree of a block is made of; its root is blockInfoRoot',
      cost: 10,
      params: [blockParam('block')],
      result: blockInfoTree,
      handle: async ([block]) => {
        const header = await getBlockByParameter(deps, block)
        if (header.blockNumber === 0) throw serverError("block 0 doesn't have block info tree")
        const [parent, receipts] = await Promise.all([
          findHeader(db, (header.blockNumber - 1) as BlockNumber),
          readReceiptsOfBlock(db, header),
        ])
        return {
          blockNumber: header.blockNumber,
          blockGasLimit: Number(header.gasLimit),
          blockGasUsed: header.gasUsed,
          blockTime: header.timestamp,
          coinbase: header.coinbase,
          ger: header.globalExitRoot,
          l1BlockHash: header.l1BlockHash,
          previousStateRoot: parent!.stateRoot,
          txInfos: receipts.map(({ row, logs }) => ({
            txIndex: row.txIndex,
            l2TxHash: row.l2Hash,
            status: row.status,
            cumulativeGasUsed: row.cumulativeGasUsed,
            effectivePercentage: row.effectivePercentage,
            logs: logs.map((log) => ({ logIndex: log.logIndex, topics: topicsOf(log), data: bytesToHex(log.data) })),
          })),
        }
      },
    }),
  ]
}

const { integer, hash } = schema
const blockInfoTree = schema.component(
  'blockInfoTree',
  schema.object({
    blockNumber: integer,
    blockGasLimit: integer,
    blockGasUsed: integer,
    blockTime: integer,
    coinbase: schema.address,
    ger: hash,
    l1BlockHash: hash,
    previousStateRoot: hash,
    txInfos: schema.listOf(
      schema.object({
        txIndex: integer,
        l2TxHash: hash,
        status: integer,
        cumulativeGasUsed: integer,
        effectivePercentage: integer,
        logs: schema.listOf(schema.object({ logIndex: integer, topics: schema.listOf(hash), data: schema.bytes })),
      }),
    ),
  }),
)
