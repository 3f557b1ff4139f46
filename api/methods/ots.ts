import { type AddressSearch, readFeesOfBlock } from '#db/rpc/addressTransactions.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { readReceiptsOfBlock } from '#db/rpc/receipts.ts'
import { type MinedTransaction, readLogsOfTransaction } from '#db/rpc/transactions.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { findBlockByParameter } from '../chain/blockTag.ts'
import { findBlockByHash, findTransactionOfNonce } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument } from '../errors.ts'
import { searchTransactions } from '../evm/addressSearch.ts'
import { formatBlock, formatReceipt, formatTransaction, quantity } from '../format.ts'
import { method, type RequestContext } from '../method.ts'
import {
  addressParam,
  blockParam,
  customParam,
  hashParam,
  optional,
  parseBlockNumberOrTag,
  parseSafeQuantity,
} from '../params.ts'
import * as schema from '../schemas.ts'

const API_LEVEL = 8
const MAX_PAGE = 1000
/** A selector: 0x and four bytes. */
const SELECTOR_LENGTH = 10
const NO_ISSUANCE = { blockReward: '0x0', uncleReward: '0x0', issuance: '0x0' }

const anyObject = { type: 'object' }
const page = schema.object({
  txs: schema.listOf(schema.transaction),
  receipts: schema.listOf(anyObject),
  firstPage: schema.boolean,
  lastPage: schema.boolean,
})
const details = schema.nullable(
  schema.object({
    block: anyObject,
    issuance: schema.object({
      blockReward: schema.quantity,
      uncleReward: schema.quantity,
      issuance: schema.quantity,
    }),
    totalFees: schema.quantity,
  }),
)

/** Otterscan sends numbers of JSON, others quantities. */
const numberParam = (name: string) =>
  customParam(name, schema.either(schema.integer, schema.quantity), (value, index) => {
    if (typeof value !== 'number') return parseSafeQuantity(value, index)
    if (!Number.isSafeInteger(value) || value < 0) throw invalidArgument(index, 'number expected')
    return value
  })
const blockNumberParam = customParam(
  'blockNumber',
  schema.either(schema.integer, schema.quantity, schema.text),
  (value, index) =>
    typeof value === 'number'
      ? parseBlockNumberOrTag(quantity(checkedNumber(value, index)), index)
      : parseBlockNumberOrTag(value, index),
)

function checkedNumber(value: number, index: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw invalidArgument(index, 'number expected')
}

/** What an Otterscan explorer asks for beyond the standard. Source: docs.otterscan.io, level 8. */
export const otsMethods = (deps: ApiDeps) => {
  const { db, head } = deps

  async function showDetails(header: HeaderRow | undefined) {
    if (header === undefined) return null
    const { transactions: _none, ...block } = formatBlock(header, [])
    return {
      block: { ...block, logsBloom: null, transactionCount: header.txCount },
      issuance: NO_ISSUANCE,
      totalFees: quantity(await readFeesOfBlock(db, header.blockNumber)),
    }
  }

  async function showPage(rows: readonly MinedTransaction[], ends: { firstPage: boolean; lastPage: boolean }) {
    const receipts = await Promise.all(
      rows.map(async (row) => ({
        ...formatReceipt(row, await readLogsOfTransaction(db, row)),
        timestamp: row.blockTimestamp,
      })),
    )
    return { txs: rows.map((row) => formatTransaction(row)), receipts, ...ends }
  }

  return [
    method({
      name: 'ots_getApiLevel',
      summary: 'Level of this namespace',
      cost: 1,
      params: [],
      result: schema.constant(API_LEVEL),
      handle: () => API_LEVEL,
    }),
    method({
      name: 'ots_hasCode',
      summary: 'Whether an address is a contract',
      cost: 2,
      params: [addressParam('address'), optional(blockParam('block'))],
      result: schema.boolean,
      handle: async ([address, block]) => {
        const header = await findBlockByParameter(deps, block)
        if (header === undefined) return false
        const [account] = await deps.stateAt(header).getAccounts([address])
        return account!.codeHash !== ZERO_HASH
      },
    }),
    method({
      name: 'ots_getBlockDetails',
      summary: 'A block without transactions, with their number and fees; null when there is none',
      cost: 2,
      params: [blockNumberParam],
      result: details,
      handle: async ([block]) => await showDetails(await findBlockByParameter(deps, block)),
    }),
    method({
      name: 'ots_getBlockDetailsByHash',
      summary: 'A block without transactions, with their number and fees; null when there is none',
      cost: 2,
      params: [hashParam('hash')],
      result: details,
      handle: async ([hash]) => await showDetails(await findBlockByHash(deps, hash)),
    }),
    method({
      name: 'ots_getBlockTransactions',
      summary: 'Transactions of a block by page, the last ones first, input cut to the selector, receipts without logs',
      cost: 10,
      params: [blockNumberParam, numberParam('pageNumber'), numberParam('pageSize')],
      result: schema.nullable(schema.object({ fullblock: anyObject, receipts: schema.listOf(anyObject) })),
      handle: async ([block, pageNumber, pageSize]) => {
        const header = await findBlockByParameter(deps, block)
        if (header === undefined) return null
        const all = await readReceiptsOfBlock(db, header)
        const end = Math.max(0, all.length - pageNumber * pageSize)
        const shown = all.slice(Math.max(0, end - pageSize), end)
        const transactions = shown.map(({ row }) => {
          const transaction = formatTransaction(row)
          return { ...transaction, input: transaction.input.slice(0, SELECTOR_LENGTH) }
        })
        const receipts = shown.map(({ row, logs }) => ({
          ...formatReceipt(row, logs),
          ...{ logs: null, logsBloom: null },
        }))
        return {
          fullblock: { ...formatBlock(header, transactions), logsBloom: null, transactionCount: header.txCount },
          receipts,
        }
      },
    }),
    method({
      name: 'ots_getTransactionBySenderAndNonce',
      summary: 'Hash of a mined transaction; null when there is none',
      cost: 2,
      params: [addressParam('sender'), numberParam('nonce')],
      result: schema.nullable(schema.hash),
      handle: async ([sender, nonce]) => (await findTransactionOfNonce(deps, sender, nonce))?.hash ?? null,
    }),
    method({
      name: 'ots_searchTransactionsBefore',
      summary: 'Transactions of an address in blocks before one, 0 for all, newest first',
      cost: 50,
      params: [addressParam('address'), numberParam('blockNumber'), numberParam('pageSize')],
      result: page,
      handle: async ([address, before, size], context) => {
        const to = before === 0 ? head.latest.blockNumber : before - 1
        const found = await search({ address, from: 0, to, towards: 'older' }, size, context)
        return await showPage(found.transactions, { firstPage: before === 0, lastPage: !found.hasMore })
      },
    }),
    method({
      name: 'ots_searchTransactionsAfter',
      summary: 'Transactions of an address in blocks after one, 0 for all, newest first; the oldest of them',
      cost: 50,
      params: [addressParam('address'), numberParam('blockNumber'), numberParam('pageSize')],
      result: page,
      handle: async ([address, after, size], context) => {
        const from = after === 0 ? 0 : after + 1
        const found = await search({ address, from, to: head.latest.blockNumber, towards: 'newer' }, size, context)
        return await showPage(found.transactions, { firstPage: !found.hasMore, lastPage: after === 0 })
      },
    }),
  ]

  async function search(range: AddressSearch, size: number, { signal }: RequestContext) {
    const from = Math.max(range.from, head.horizon.oldestBlock)
    return await searchTransactions(deps, { ...range, from }, { size: Math.min(Math.max(1, size), MAX_PAGE), signal })
  }
}
