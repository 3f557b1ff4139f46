import { concatBytes, hexToBytes } from '#common/bytes.ts'
import {
  blockHeaderKey,
  transactionGasKey,
  transactionHashKey,
  transactionLogKey,
  transactionPercentageKey,
  transactionStatusKey,
} from '#merkletree/keys.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { type TreeChange, updateTree } from '#merkletree/tree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { hashToWord } from './words.ts'

/** Header parameters of an L2 block, in the order of their indexes in the tree. `timestamp` in seconds. */
export type BlockInfoHeader = {
  /** State root before the block. */
  parentHash: Hash
  coinbase: Address
  number: number
  gasLimit: bigint
  timestamp: number
  globalExitRoot: Hash
  l1BlockHash: Hash
}

/** What the tree holds of a transaction. `cumulativeGasUsed` counts within the block. */
export type BlockInfoReceipt = {
  l2TxHash: Hash
  status: 0 | 1
  cumulativeGasUsed: number
  /** 0..255 */
  effectivePercentage: number
  logs: readonly BlockInfoLog[]
}
/** `logIndex` counts within the block. The address is not part of the tree. */
export type BlockInfoLog = { logIndex: number; topics: readonly Hash[]; data: Uint8Array }

const GAS_USED_PARAMETER = 7

export function headerLeaves(header: BlockInfoHeader): TreeChange[] {
  return [
    hashToWord(header.parentHash),
    BigInt(header.coinbase),
    BigInt(header.number),
    header.gasLimit,
    BigInt(header.timestamp),
    hashToWord(header.globalExitRoot),
    hashToWord(header.l1BlockHash),
  ].map((value, parameter) => ({ key: blockHeaderKey(parameter), value }))
}

export function gasUsedLeaf(gasUsed: number): TreeChange {
  return { key: blockHeaderKey(GAS_USED_PARAMETER), value: BigInt(gasUsed) }
}

export function receiptLeaves(receipt: BlockInfoReceipt, txIndex: number): TreeChange[] {
  return [
    { key: transactionHashKey(txIndex), value: hashToWord(receipt.l2TxHash) },
    { key: transactionStatusKey(txIndex), value: BigInt(receipt.status) },
    { key: transactionGasKey(txIndex), value: BigInt(receipt.cumulativeGasUsed) },
    { key: transactionPercentageKey(txIndex), value: BigInt(receipt.effectivePercentage) },
    ...receipt.logs.map((log) => ({ key: transactionLogKey(txIndex, log.logIndex), value: hashToWord(logHash(log)) })),
  ]
}

/** Linear Poseidon of the data followed by the topics. */
function logHash({ data, topics }: BlockInfoLog): Hash {
  return linearPoseidon(concatBytes(data, ...topics.map(hexToBytes)))
}

/** Root of a tree that holds these leaves and no others; zeros are no leaves. */
export async function blockInfoRoot(leaves: readonly TreeChange[]): Promise<Hash> {
  const { root } = await updateTree(new MemoryNodeStore(), ZERO_HASH, leaves)
  return root
}
