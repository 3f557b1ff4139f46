import { bytesToHex } from '#common/bytes.ts'
import type { LogRow } from '#db/blocks.ts'
import type { PoolRow } from '#db/pool.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { FoundLog } from '#db/rpc/logs.ts'
import type { MinedTransaction } from '#db/rpc/transactions.ts'
import { EMPTY_UNCLES_HASH, logsBloom, transactionsRoot } from '#protocol/l2Block.ts'
import { type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction, signatureV, type Transaction } from '#protocol/transaction.ts'

const EMPTY_BLOOM: Hex = `0x${'00'.repeat(256)}`
const HEADER_NONCE = '0x0000000000000000'
const EMPTY_LIST_ROOT = transactionsRoot([])
/** RLP of a block without transactions takes about this. */
const EMPTY_BLOCK_BYTES = 510

/** 0x and no leading zero. */
export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`
}

/** 32 bytes. */
export function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}

/** Header of the Block schema. It has no baseFeePerGas: wallets take that field as a promise of EIP-1559. */
export function formatHeader(header: HeaderRow) {
  return {
    number: quantity(header.blockNumber),
    hash: header.hash,
    parentHash: header.parentHash,
    sha3Uncles: EMPTY_UNCLES_HASH,
    miner: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom === null ? EMPTY_BLOOM : bytesToHex(header.logsBloom),
    difficulty: '0x0',
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: '0x',
    mixHash: ZERO_HASH,
    nonce: HEADER_NONCE,
  }
}

/** Fields of the rollup, which only those who ask for them get. */
export function formatRollupFields(header: HeaderRow) {
  return { globalExitRoot: header.globalExitRoot, blockInfoRoot: header.blockInfoRoot }
}

export function formatBlock(header: HeaderRow, transactions: readonly unknown[]) {
  return {
    ...formatHeader(header),
    totalDifficulty: '0x0',
    size: quantity(header.sizeBytes),
    transactions,
    uncles: [],
  }
}

type PendingPlace = { number: number; timestamp: number }

/** What is fixed of the block to come only once it is closed is null. */
const pendingFields = (latest: HeaderRow, { number, timestamp }: PendingPlace) => ({
  number: quantity(number),
  parentHash: latest.hash,
  timestamp: quantity(timestamp),
  transactionsRoot: EMPTY_LIST_ROOT,
  receiptsRoot: EMPTY_LIST_ROOT,
  hash: null,
  nonce: null,
  miner: null,
})

export function formatPendingHeader(latest: HeaderRow, place: PendingPlace) {
  return { ...formatHeader({ ...latest, logsBloom: null, gasUsed: 0 }), ...pendingFields(latest, place) }
}

export function formatPendingBlock(latest: HeaderRow, place: PendingPlace) {
  const empty = { ...latest, logsBloom: null, gasUsed: 0, sizeBytes: EMPTY_BLOCK_BYTES }
  return { ...formatBlock(empty, []), ...pendingFields(latest, place) }
}

function formatFields(transaction: Transaction, hash: Hash) {
  const { chainId, to, r, s } = transaction
  return {
    hash,
    type: '0x0',
    ...(chainId === undefined ? {} : { chainId: quantity(chainId) }),
    nonce: quantity(transaction.nonce),
    gasPrice: quantity(transaction.gasPrice),
    gas: quantity(transaction.gasLimit),
    to: to ?? null,
    value: quantity(transaction.value),
    input: bytesToHex(transaction.data),
    v: quantity(signatureV(transaction)),
    r: quantity(r),
    s: quantity(s),
  }
}

export function formatTransaction(row: MinedTransaction, { l2Hash = false } = {}) {
  return {
    ...formatFields(decodeRawTransaction(row.raw), row.hash),
    from: row.sender,
    blockHash: row.blockHash,
    blockNumber: quantity(row.blockNumber),
    blockTimestamp: quantity(row.blockTimestamp),
    transactionIndex: quantity(row.txIndex),
    ...(l2Hash ? { l2Hash: row.l2Hash } : {}),
  }
}

export function formatPendingTransaction(row: PoolRow) {
  return {
    ...formatFields(decodeRawTransaction(row.raw), row.hash),
    from: row.sender,
    blockHash: null,
    blockNumber: null,
    transactionIndex: null,
  }
}

export const topicsOf = ({ topic0, topic1, topic2, topic3 }: LogRow): Hash[] =>
  [topic0, topic1, topic2, topic3].filter((topic): topic is Hash => topic !== null && topic !== undefined)

export function formatLog(log: FoundLog, removed = false) {
  return {
    address: log.address,
    topics: topicsOf(log),
    data: bytesToHex(log.data),
    blockNumber: quantity(log.blockNumber),
    blockHash: log.blockHash,
    blockTimestamp: quantity(log.blockTimestamp),
    transactionHash: log.txHash,
    transactionIndex: quantity(log.txIndex),
    logIndex: quantity(log.logIndex),
    removed,
  }
}

/**
 * `logs` are those of this transaction alone. `extra` adds its L2 hash and the state root after it, which is that of its
 * block: between the transactions of a block the state has no root.
 */
export function formatReceipt(row: MinedTransaction, logs: readonly LogRow[], { extra = false } = {}) {
  const { blockHash, blockTimestamp } = row
  return {
    type: '0x0',
    status: quantity(row.status),
    transactionHash: row.hash,
    transactionIndex: quantity(row.txIndex),
    blockHash,
    blockNumber: quantity(row.blockNumber),
    from: row.sender,
    to: row.recipient,
    contractAddress: row.contractAddress,
    cumulativeGasUsed: quantity(row.cumulativeGasUsed),
    gasUsed: quantity(row.gasUsed),
    effectiveGasPrice: quantity(row.effectiveGasPrice),
    logs: logs.map((log) => formatLog({ ...log, blockHash, blockTimestamp })),
    logsBloom:
      logs.length === 0
        ? EMPTY_BLOOM
        : bytesToHex(logsBloom(logs.map((log) => ({ address: log.address, topics: topicsOf(log), data: log.data })))),
    ...(extra ? { root: row.stateRoot, transactionL2Hash: row.l2Hash } : {}),
  }
}
