import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { findPoolTransaction, listPoolTransactions } from '#db/pool.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { findMinedTransactionAt, type MinedTransaction } from '#db/rpc/transactions.ts'
import type { Hash } from '#protocol/primitives.ts'
import { findBlockByParameter } from '../chain/blockTag.ts'
import { findBlockByHash, findTransaction, findTransactionOfNonce } from '../chain/history.ts'
import { createReceiptReader } from '../chain/recentReceipts.ts'
import { MAX_WAITING, readWaiting } from '../chain/waiting.ts'
import type { ApiDeps } from '../deps.ts'
import { formatPendingTransaction, formatReceipt, formatTransaction } from '../format.ts'
import { method } from '../method.ts'
import { addressParam, blockNumberParam, booleanParam, dataParam, hashParam, indexParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'

/** Sending transactions and finding them again. */
export const ethTransactionMethods = (deps: ApiDeps) => {
  const { db, head, intake, sequencerNode } = deps
  const readReceipt = createReceiptReader(db, head)

  /** Mined ones only once the head is there too, so that a caller's next question agrees. */
  async function findMined(hash: Hash): Promise<MinedTransaction | undefined> {
    const row = await findTransaction(deps, hash)
    if (row !== undefined) await head.reach(row.blockNumber)
    return row
  }

  async function at(header: HeaderRow | undefined, index: number): Promise<MinedTransaction | undefined> {
    return header === undefined || index >= header.txCount
      ? undefined
      : await findMinedTransactionAt(db, header.blockNumber, index)
  }

  const show = (row: MinedTransaction | undefined) => (row === undefined ? null : formatTransaction(row))
  const showRaw = (row: { raw: Uint8Array } | undefined) => (row === undefined ? null : bytesToHex(row.raw))
  return [
    method({
      name: 'eth_sendRawTransaction',
      summary: 'Takes a signed transaction; its hash is answered once it is durable',
      cost: 50,
      params: [dataParam('transaction')],
      result: schema.hash,
      handle: async ([transaction]) => {
        const [result] = await intake.submit([hexToBytes(transaction)])
        if ('error' in result!) throw result.error
        return result!.hash
      },
    }),
    method({
      name: 'eth_getTransactionByHash',
      summary: 'A transaction, mined or waiting; null when neither',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.nullable(schema.transaction),
      handle: async ([hash]) => {
        const mined = await findMined(hash)
        if (mined !== undefined) return formatTransaction(mined)
        const waiting = await findPoolTransaction(db, hash)
        if (waiting !== undefined) return formatPendingTransaction(waiting)
        const late = await findMined(hash) // it may have left the pool for a block between the two reads
        if (late !== undefined || sequencerNode === undefined) return show(late)
        const known = await sequencerNode.ask<{ blockNumber: string | null } | null>('eth_getTransactionByHash', [hash])
        // What the sequencer has mined is not in this node's state yet: here it still waits.
        return known ? { ...known, blockHash: null, blockNumber: null, transactionIndex: null } : null
      },
    }),
    method({
      name: 'eth_getTransactionByBlockHashAndIndex',
      summary: 'A transaction by its place',
      cost: 2,
      params: [hashParam('hash'), indexParam('index')],
      result: schema.nullable(schema.transaction),
      handle: async ([hash, index]) => show(await at(await findBlockByHash(deps, hash), index)),
    }),
    method({
      name: 'eth_getTransactionByBlockNumberAndIndex',
      summary: 'A transaction by its place',
      cost: 2,
      params: [blockNumberParam('block'), indexParam('index')],
      result: schema.nullable(schema.transaction),
      handle: async ([block, index]) =>
        block === 'pending' ? null : show(await at(await findBlockByParameter(deps, block), index)),
    }),
    method({
      name: 'eth_getRawTransactionByHash',
      summary: 'A transaction as it was signed, mined or waiting',
      cost: 2,
      params: [hashParam('hash')],
      result: schema.nullable(schema.bytes),
      handle: async ([hash]) =>
        showRaw((await findMined(hash)) ?? (await findPoolTransaction(db, hash)) ?? (await findMined(hash))),
    }),
    method({
      name: 'eth_getRawTransactionByBlockHashAndIndex',
      summary: 'A transaction as it was signed, by its place',
      cost: 2,
      params: [hashParam('hash'), indexParam('index')],
      result: schema.nullable(schema.bytes),
      handle: async ([hash, index]) => showRaw(await at(await findBlockByHash(deps, hash), index)),
    }),
    method({
      name: 'eth_getRawTransactionByBlockNumberAndIndex',
      summary: 'A transaction as it was signed, by its place',
      cost: 2,
      params: [blockNumberParam('block'), indexParam('index')],
      result: schema.nullable(schema.bytes),
      handle: async ([block, index]) =>
        block === 'pending' ? null : showRaw(await at(await findBlockByParameter(deps, block), index)),
    }),
    method({
      name: 'eth_getTransactionReceipt',
      summary: 'Receipt of a mined transaction; null before',
      cost: 2,
      params: [hashParam('hash'), optional(booleanParam('includeExtraInfo'))],
      result: schema.nullable(schema.receipt),
      handle: async ([hash, extra]) => {
        const receipt = await readReceipt(hash)
        return receipt === undefined ? null : formatReceipt(receipt.row, receipt.logs, { extra: extra === true })
      },
    }),
    method({
      name: 'eth_pendingTransactions',
      summary: 'Waiting transactions that could run now, by sender and nonce',
      cost: 20,
      params: [],
      result: schema.listOf(schema.transaction),
      handle: async () =>
        (await readWaiting(db)).filter(({ isRun }) => isRun).map(({ row }) => formatPendingTransaction(row)),
    }),
    method({
      name: 'eth_getTransactionBySenderAndNonce',
      summary: 'A transaction by its sender and nonce, mined or waiting; null when neither',
      cost: 2,
      params: [addressParam('sender'), indexParam('nonce')],
      result: schema.nullable(schema.transaction),
      handle: async ([sender, nonce]) => {
        const find = async () => await findTransactionOfNonce(deps, sender, nonce)
        const mined = await find()
        if (mined !== undefined) return formatTransaction(mined)
        const waiting = (await listPoolTransactions(db, { sender, limit: MAX_WAITING })).find(
          (row) => row.nonce === nonce,
        )
        return waiting === undefined ? show(await find()) : formatPendingTransaction(waiting)
      },
    }),
  ]
}
