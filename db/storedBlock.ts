import { concatBytes } from '#common/bytes.ts'
import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import {
  blockHash,
  encodeBlock,
  type L2BlockHeader,
  logsBloom,
  receiptsRoot,
  transactionsRoot,
} from '#protocol/l2Block.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import type { BlockRow, BlockToStore } from './blocks.ts'

type Place = {
  batchNumber: BatchNumber
  parent: Pick<BlockRow, 'hash' | 'treeDepth'>
  /** The marker that opened the block; undefined for the implicit block of a forced batch. */
  marker: { deltaTimestamp: number; indexL1InfoTree: number } | undefined
}

type Header = { hash: Hash } & L2BlockHeader

/** What JSON-RPC shows of an executed block beside its execution. */
export function toHeader(result: L2BlockResult, parentHash: Hash, raws = encodeRaws(result)): Header {
  const { number, coinbase, stateRoot, receipts, gasLimit, gasUsed, timestamp } = result
  const header = {
    ...{ number, parentHash, coinbase, stateRoot, gasLimit, gasUsed: BigInt(gasUsed), timestamp },
    transactionsRoot: transactionsRoot(raws),
    receiptsRoot: receiptsRoot(
      receipts.map((receipt) => ({ ...receipt, cumulativeGasUsed: BigInt(receipt.cumulativeGasUsed) })),
    ),
    logsBloom: logsBloom(receipts.flatMap((receipt) => receipt.logs)),
  }
  return { ...header, hash: blockHash(header) }
}

const encodeRaws = ({ receipts }: L2BlockResult) => receipts.map(({ transaction }) => encodeRawTransaction(transaction))

/** An executed block in the form it is stored in: with the hash, roots and bloom that JSON-RPC shows. */
export function toStoredBlock(result: L2BlockResult, { batchNumber, parent, marker }: Place): BlockToStore {
  const { receipts, stateDiff, newNodes } = result
  const raws = encodeRaws(result)
  const header = toHeader(result, parent.hash, raws)
  const hasLogs = receipts.some(({ logs }) => logs.length > 0)
  const batchParts = receipts.map(({ transaction, effectivePercentage }) =>
    encodeBatchTransaction(transaction, effectivePercentage),
  )
  return {
    block: {
      blockNumber: result.number,
      batchNumber,
      hash: header.hash,
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
      logsBloom: hasLogs ? header.logsBloom : null,
      sizeBytes: encodeBlock(header, raws).length,
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
