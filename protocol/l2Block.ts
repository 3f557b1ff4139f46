import { hexToBytes } from '#common/bytes.ts'
import { keccak256, keccakHex } from './keccak.ts'
import { listTrieRoot } from './listTrie.ts'
import { type Address, type BlockNumber, type Hash, ZERO_HASH } from './primitives.ts'
import { encodeRlpBytes, encodeRlpInteger, encodeRlpList } from './rlp.ts'

export const LOGS_BLOOM_SIZE_BYTES = 256
const EMPTY_BLOOM = new Uint8Array(LOGS_BLOOM_SIZE_BYTES)
const HEADER_NONCE = new Uint8Array(8)

/** keccak of RLP of no uncles. */
export const EMPTY_UNCLES_HASH = keccakHex(encodeRlpList([]))

/** An L2 block as JSON-RPC shows it. Fields of Ethereum's header that are not here are empty or zero. */
export type L2BlockHeader = {
  number: BlockNumber
  /** JSON-RPC hash of the block before, not its state root. */
  parentHash: Hash
  coinbase: Address
  /** After the block: what BLOCKHASH returns for it. */
  stateRoot: Hash
  transactionsRoot: Hash
  receiptsRoot: Hash
  /** 256 bytes. */
  logsBloom: Uint8Array
  gasLimit: bigint
  gasUsed: bigint
  /** Seconds. */
  timestamp: number
}

/** RLP of Ethereum's header before London. Source: zkevm-node, state/l2block. */
export function encodeHeader(header: L2BlockHeader): Uint8Array {
  const { number, parentHash, coinbase, stateRoot, transactionsRoot, receiptsRoot, logsBloom } = header
  return encodeRlpList([
    encodeRlpBytes(hexToBytes(parentHash)),
    encodeRlpBytes(hexToBytes(EMPTY_UNCLES_HASH)),
    encodeRlpBytes(hexToBytes(coinbase)),
    encodeRlpBytes(hexToBytes(stateRoot)),
    encodeRlpBytes(hexToBytes(transactionsRoot)),
    encodeRlpBytes(hexToBytes(receiptsRoot)),
    encodeRlpBytes(logsBloom),
    encodeRlpInteger(0n), // difficulty
    encodeRlpInteger(BigInt(number)),
    encodeRlpInteger(header.gasLimit),
    encodeRlpInteger(header.gasUsed),
    encodeRlpInteger(BigInt(header.timestamp)),
    encodeRlpBytes(new Uint8Array()), // extraData
    encodeRlpBytes(hexToBytes(ZERO_HASH)), // mixHash
    encodeRlpBytes(HEADER_NONCE),
  ])
}

/** Hash of the block in JSON-RPC. */
export function blockHash(header: L2BlockHeader): Hash {
  return keccakHex(encodeHeader(header))
}

/** RLP of the block: header, transactions, no uncles. @param rawTransactions ordinary Ethereum RLP, in order */
export function encodeBlock(header: L2BlockHeader, rawTransactions: readonly Uint8Array[]): Uint8Array {
  return encodeRlpList([encodeHeader(header), encodeRlpList(rawTransactions), encodeRlpList([])])
}

/** @param rawTransactions ordinary Ethereum RLP, in order */
export function transactionsRoot(rawTransactions: readonly Uint8Array[]): Hash {
  return listTrieRoot(rawTransactions)
}

export type Log = { address: Address; topics: readonly Hash[]; data: Uint8Array }

/** What of a receipt is hashed. `postState` stands in place of the status in forks up to 7. */
export type ReceiptSummary = { status: 0 | 1; cumulativeGasUsed: bigint; logs: readonly Log[]; postState?: Hash }

/**
 * Differs from Ethereum: zkevm-node hashes receipts with 256 zero bytes as bloom, whatever their logs, and the chain's
 * block hashes rest on it.
 */
export function receiptsRoot(receipts: readonly ReceiptSummary[]): Hash {
  return listTrieRoot(receipts.map(encodeReceipt))
}

/** RLP of a receipt as the receipts root holds it. */
export function encodeReceipt({ status, cumulativeGasUsed, logs, postState }: ReceiptSummary): Uint8Array {
  return encodeRlpList([
    postState === undefined ? encodeRlpInteger(BigInt(status)) : encodeRlpBytes(hexToBytes(postState)),
    encodeRlpInteger(cumulativeGasUsed),
    encodeRlpBytes(EMPTY_BLOOM),
    encodeRlpList(logs.map(encodeLog)),
  ])
}

function encodeLog({ address, topics, data }: Log): Uint8Array {
  return encodeRlpList([
    encodeRlpBytes(hexToBytes(address)),
    encodeRlpList(topics.map((topic) => encodeRlpBytes(hexToBytes(topic)))),
    encodeRlpBytes(data),
  ])
}

/** Ethereum's 2048-bit filter over the addresses and topics of logs. 256 bytes. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(LOGS_BLOOM_SIZE_BYTES)
  for (const { address, topics } of logs) for (const entry of [address, ...topics]) addToBloom(bloom, hexToBytes(entry))
  return bloom
}

function addToBloom(bloom: Uint8Array, entry: Uint8Array): void {
  const hash = keccak256(entry)
  for (const pair of [0, 2, 4]) {
    const bit = ((hash[pair]! << 8) | hash[pair + 1]!) & 0x7ff
    bloom[LOGS_BLOOM_SIZE_BYTES - 1 - (bit >> 3)]! |= 1 << (bit & 7)
  }
}
