import type { Database } from '#db/client.ts'
import { type HeaderRow, readTransactionHashes } from '#db/rpc/blocks.ts'
import { readReceiptsOfBlock } from '#db/rpc/receipts.ts'
import { readTransactionsOfBlock } from '#db/rpc/transactions.ts'
import type { Hash } from '#protocol/primitives.ts'
import { findBlockByParameter } from '../chain/blockTag.ts'
import { findBlockByHash } from '../chain/history.ts'
import { placeOfPending } from '../chain/pendingBlock.ts'
import type { ApiDeps } from '../deps.ts'
import {
  formatBlock,
  formatHeader,
  formatPendingBlock,
  formatPendingHeader,
  formatReceipt,
  formatRollupFields,
  formatTransaction,
  quantity,
} from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, blockParam, booleanParam, hashParam, indexParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'
import { SerializedJson } from '../serializedJson.ts'

/** Blocks that are kept in memory as text. */
const KEPT_BLOCKS = 8

/** Blocks and what hangs on them as a whole. */
export const ethBlockMethods = (deps: ApiDeps) => {
  const { db, head } = deps
  const showPlain = createBlockTexts(db)

  async function show(header: HeaderRow | undefined, hydrated: boolean | undefined, extra: boolean | undefined) {
    if (header === undefined) return null
    if (!hydrated && !extra) return await showPlain(header)
    const transactions = hydrated
      ? (await readTransactionsOfBlock(db, header.blockNumber)).map((row) =>
          formatTransaction(row, { l2Hash: extra === true }),
        )
      : await readTransactionHashes(db, header.hash)
    return { ...formatBlock(header, transactions), ...(extra ? formatRollupFields(header) : {}) }
  }

  async function showReceipts(header: HeaderRow | undefined) {
    if (header === undefined) return null
    const receipts = await readReceiptsOfBlock(db, header)
    if (receipts.length !== header.txCount) return null // the block has just been undone
    return receipts.map(({ row, logs }) => formatReceipt(row, logs))
  }

  const hydrated = optional(booleanParam('hydratedTransactions'))
  const extra = optional(booleanParam('includeExtraInfo'))
  const countOf = (header: HeaderRow | undefined) => (header === undefined ? null : quantity(header.txCount))
  const showHeader = (header: HeaderRow | undefined) => (header === undefined ? null : formatHeader(header))
  const noUncles = (header: HeaderRow | undefined) => (header === undefined ? null : '0x0')
  return [
    method({
      name: 'eth_getBlockByNumber',
      summary: 'A block by number or tag; null when there is none',
      cost: 2,
      params: [blockNumberParam('block'), hydrated, extra],
      result: schema.nullable(schema.block),
      handle: async ([block, isHydrated, withExtra]) =>
        block === 'pending'
          ? formatPendingBlock(head.latest, placeOfPending(head.latest))
          : await show(await findBlockByParameter(deps, block), isHydrated, withExtra),
    }),
    method({
      name: 'eth_getBlockByHash',
      summary: 'A block by hash; null when there is none',
      cost: 2,
      params: [hashParam('hash'), hydrated, extra],
      result: schema.nullable(schema.block),
      handle: async ([hash, isHydrated, withExtra]) =>
        await show(await findBlockByHash(deps, hash), isHydrated, withExtra),
    }),
    method({
      name: 'eth_getHeaderByNumber',
      summary: 'A block without its body; null when there is none',
      cost: 2,
      params: [blockNumberParam('block')],
      result: schema.nullable(schema.header),
      handle: async ([block]) =>
        block === 'pending'
          ? formatPendingHeader(head.latest, placeOfPending(head.latest))
          : showHeader(await findBlockByParameter(deps, block)),
    }),
    method({
      name: 'eth_getHeaderByHash',
      summary: 'A block without its body; null when there is none',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.nullable(schema.header),
      handle: async ([hash]) => showHeader(await findBlockByHash(deps, hash)),
    }),
    method({
      name: 'eth_getBlockReceipts',
      summary: 'All receipts of a block; null when there is none',
      cost: 10,
      params: [blockParam('block')],
      result: schema.nullable(schema.listOf(schema.receipt)),
      handle: async ([block]) =>
        block === 'pending' ? [] : await showReceipts(await findBlockByParameter(deps, block)),
    }),
    method({
      name: 'eth_getBlockTransactionCountByNumber',
      summary: 'Number of transactions in a block',
      cost: 2,
      params: [optional(blockNumberParam('block'))],
      result: schema.nullable(schema.quantity),
      handle: async ([block]) => (block === 'pending' ? '0x0' : countOf(await findBlockByParameter(deps, block))),
    }),
    method({
      name: 'eth_getBlockTransactionCountByHash',
      summary: 'Number of transactions in a block',
      cost: 2,
      params: [optional(hashParam('hash'))],
      result: schema.nullable(schema.quantity),
      handle: async ([hash]) => countOf(hash && (await findBlockByHash(deps, hash))),
    }),
    method({
      name: 'eth_getUncleCountByBlockNumber',
      summary: 'L2 blocks have no uncles; null for an unknown block',
      cost: 2,
      params: [blockNumberParam('block')],
      result: schema.nullable(schema.quantity),
      handle: async ([block]) => noUncles(await findBlockByParameter(deps, block)),
    }),
    method({
      name: 'eth_getUncleCountByBlockHash',
      summary: 'L2 blocks have no uncles; null for an unknown block',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.nullable(schema.quantity),
      handle: async ([hash]) => noUncles(await findBlockByHash(deps, hash)),
    }),
    method({
      name: 'eth_getUncleByBlockNumberAndIndex',
      summary: 'Always null: L2 blocks have no uncles',
      cost: 1,
      params: [blockNumberParam('block'), indexParam('index')],
      result: { type: 'null' },
      handle: () => null,
    }),
    method({
      name: 'eth_getUncleByBlockHashAndIndex',
      summary: 'Always null: L2 blocks have no uncles',
      cost: 1,
      params: [hashParam('hash'), indexParam('index')],
      result: { type: 'null' },
      handle: () => null,
    }),
  ]
}

/** Blocks with hashes of transactions, kept for those asked for last: what a block's hash stands for does not change. */
function createBlockTexts(db: Database) {
  const kept = new Map<Hash, SerializedJson>()
  return async (header: HeaderRow): Promise<unknown> => {
    const { hash, txCount } = header
    const known = kept.get(hash)
    const hashes = known || txCount === 0 ? [] : await readTransactionHashes(db, hash)
    if (!known && hashes.length !== txCount) return formatBlock(header, hashes) // the block has just been undone
    const text = known ?? new SerializedJson(formatBlock(header, hashes))
    kept.delete(hash)
    kept.set(hash, text)
    if (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value!)
    return text
  }
}
