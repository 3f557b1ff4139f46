import { concatBytes } from '#common/bytes.ts'
import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { blockHash, logsBloom, receiptsRoot, transactionsRoot } from '#protocol/l2Block.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import type { BlockRow, BlockToStore } from './blocks.ts'

/** RLP header of a block before London, without what its roots stand for: sizes differ by a few bytes of integers. */
const HEADER_SIZE_BYTES = 510

type Place = {
  batchNumber: BatchNumber
  parent: Pick<BlockRow, 'hash' | 'treeDepth'>
  /** The marker that opened the block; undefined for the implicit block of a forced batch. */
  marker: { deltaTimestamp: number; indexL1InfoTree: number } | undefined
}

/** An executed block in the form it is stored in: with the hash, roots and bloom that JSON-RPC shows. */
export function toStoredBlock(result: L2BlockResult, { batchNumber, parent, marker }: Place): BlockToStore {
  const { receipts, stateDiff, newNodes } = result
  const raws = receipts.map(({ transaction }) => encodeRawTransaction(transaction))
  const logs = receipts.flatMap((receipt) => receipt.logs)
  const header = {
    number: result.number,
    parentHash: parent.hash,
    coinbase: result.coinbase,
    stateRoot: result.stateRoot,
    transactionsRoot: transactionsRoot(raws),
    receiptsRoot: receiptsRoot(
      receipts.map((receipt) => ({ ...receipt, cumulativeGasUsed: BigInt(receipt.cumulativeGasUsed) })),
    ),
    logsBloom: logsBloom(logs),
    gasLimit: result.gasLimit,
    gasUsed: BigInt(result.gasUsed),
    timestamp: result.timestamp,
  }
  const batchParts = receipts.map(({ transaction, effectivePercentage }) =>
    encodeBatchTransaction(transaction, effectivePercentage),
  )
  return {
    block: {
      blockNumber: result.number,
      batchNumber,
      hash: blockHash(header),
      parentHash: parent.hash,
      stateRoot: result.stateRoot,
      blockInfoRoot: result.blockInfoRoot,
      coinbase: result.coinbase,
      timestamp: result.timestamp,
      deltaTimestamp: marker?.deltaTimestamp ?? 0,
      l1InfoIndex: marker?.indexL1InfoTree ?? 0,
      globalExitRoot: result.globalExitRoot,
      l1BlockHash: result.l1BlockHash,
      gasLimit: result.gasLimit,
      gasUsed: result.gasUsed,
      transactionsRoot: header.transactionsRoot,
      receiptsRoot: header.receiptsRoot,
      logsBloom: logs.length === 0 ? null : header.logsBloom,
      sizeBytes: HEADER_SIZE_BYTES + raws.reduce((sum, raw) => sum + raw.length, 0),
      treeDepth: Math.max(parent.treeDepth, result.treeDepth),
      batchL2Data: marker === undefined ? new Uint8Array() : concatBytes(encodeChangeL2Block(marker), ...batchParts),
    },
    transactions: receipts.map((receipt, index) => ({
      hash: receipt.txHash,
      sender: receipt.sender,
      recipient: receipt.transaction.to ?? null,
      nonce: Number(receipt.transaction.nonce),
      raw: raws[index]!,
      l2Hash: receipt.l2TxHash,
      effectivePercentage: receipt.effectivePercentage,
      effectiveGasPrice: receipt.effectiveGasPrice,
      status: receipt.status,
      gasUsed: receipt.gasUsed,
      cumulativeGasUsed: receipt.cumulativeGasUsed,
      contractAddress: receipt.contractAddress ?? null,
      counters: receipt.counters,
    })),
    logs: receipts.flatMap(({ txHash, logs }, txIndex) =>
      logs.map(({ address, topics, data, logIndex }) => ({
        logIndex,
        txIndex,
        txHash,
        address,
        topic0: topics[0] ?? null,
        topic1: topics[1] ?? null,
        topic2: topics[2] ?? null,
        topic3: topics[3] ?? null,
        data,
      })),
    ),
    changes: stateDiff,
    newNodes,
  }
}
