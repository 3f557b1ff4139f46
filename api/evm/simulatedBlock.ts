import { bytesToHex } from '#common/bytes.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { MinedTransaction } from '#db/rpc/transactions.ts'
import { NO_COUNTERS } from '#executor/counters/zkCounters.ts'
import type { SimulatedBlock, SimulatedTransaction } from '#executor/simulateBlocks.ts'
import { FULL_PRICE_PERCENTAGE } from '#protocol/effectiveGasPrice.ts'
import { blockHash, encodeBlock, logsBloom, receiptsRoot, transactionsRoot } from '#protocol/l2Block.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { contractAddress, encodeRawTransaction, transactionHash } from '#protocol/transaction.ts'
import { SIMULATION_CODE } from '../errors.ts'
import { formatBlock, formatLog, formatTransaction, quantity } from '../format.ts'
import { executionReverted } from './revert.ts'

/** Blocks as eth_simulateV1 shows them, each on the one before. */
export function formatSimulation(blocks: readonly SimulatedBlock[], base: HeaderRow, { returnsFull = false } = {}) {
  let parent = base
  return blocks.map((block) => {
    const header = toHeader(block, parent)
    const rows = block.transactions.map((each, txIndex) => toRow(each, txIndex, header))
    parent = header
    return {
      ...formatBlock(
        header,
        rows.map((row) => (returnsFull ? formatTransaction(row) : row.hash)),
      ),
      calls: formatCalls(block, rows),
    }
  })
}

function toHeader({ context, stateRoot, transactions }: SimulatedBlock, parent: HeaderRow): HeaderRow {
  const raws = transactions.map(({ transaction }) => encodeRawTransaction(transaction))
  const gasUsed = transactions.at(-1)?.cumulativeGasUsed ?? 0
  const header = {
    ...{ number: context.number as HeaderRow['blockNumber'], parentHash: parent.hash, stateRoot },
    ...{ coinbase: context.coinbase, gasLimit: context.gasLimit, timestamp: context.timestamp },
    gasUsed: BigInt(gasUsed),
    transactionsRoot: transactionsRoot(raws),
    receiptsRoot: receiptsRoot(
      transactions.map(({ success, cumulativeGasUsed, logs }) => ({
        ...{ status: success ? (1 as const) : (0 as const), cumulativeGasUsed: BigInt(cumulativeGasUsed), logs },
      })),
    ),
    logsBloom: logsBloom(transactions.flatMap(({ logs }) => logs)),
  }
  const { number: blockNumber, ...shown } = header
  return {
    ...{ ...parent, ...shown, blockNumber, gasUsed, hash: blockHash(header) },
    ...{ sizeBytes: encodeBlock(header, raws).length, txCount: raws.length },
  }
}

function toRow(each: SimulatedTransaction, txIndex: number, header: HeaderRow): MinedTransaction {
  const { transaction, sender, success, gasUsed, cumulativeGasUsed } = each
  return {
    ...{
      hash: transactionHash(transaction),
      raw: encodeRawTransaction(transaction),
      l2Hash: ZERO_HASH,
      sender,
      txIndex,
    },
    ...{ recipient: transaction.to ?? null, nonce: Number(transaction.nonce), status: success ? 1 : 0 },
    ...{ gasUsed, cumulativeGasUsed, counters: NO_COUNTERS },
    ...{ effectivePercentage: FULL_PRICE_PERCENTAGE, effectiveGasPrice: transaction.gasPrice },
    contractAddress: transaction.to === undefined ? contractAddress(sender, transaction.nonce) : null,
    ...{ blockNumber: header.blockNumber, blockHash: header.hash, blockTimestamp: header.timestamp },
    stateRoot: header.stateRoot,
  }
}

function formatCalls({ transactions }: SimulatedBlock, rows: readonly MinedTransaction[]) {
  let logIndex = 0
  return transactions.map(({ success, returnData, gasUsed, gasSpent, error, shownLogs }, txIndex) => {
    const { hash: txHash, blockHash, blockNumber, blockTimestamp } = rows[txIndex]!
    const logs = shownLogs.map(({ address, topics, data }) => {
      const place = { blockHash, blockNumber, blockTimestamp, txHash, txIndex, logIndex: logIndex++ }
      return formatLog({
        ...place,
        address,
        data,
        topic0: topics[0] ?? null,
        topic1: topics[1] ?? null,
        topic2: topics[2] ?? null,
        topic3: topics[3] ?? null,
      })
    })
    const gas = { gasUsed: quantity(gasUsed), maxUsedGas: quantity(gasSpent) }
    const common = { returnData: bytesToHex(returnData), logs, ...gas, status: quantity(success ? 1 : 0) }
    return success ? common : { ...common, error: describeFailure(error, returnData) }
  })
}

function describeFailure(error: string | undefined, returnData: Uint8Array) {
  if (error !== 'execution reverted')
    return { code: SIMULATION_CODE['vm execution error'], message: `vm execution error: ${error}` }
  const { code, shortMessage, data } = executionReverted(returnData)
  return { code, message: shortMessage, data }
}
