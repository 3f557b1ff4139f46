import { equalBytes } from '#common/bytes.ts'
import { type BlockRow, findBlock, type LogRow } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { findHeader, type HeaderRow } from '#db/rpc/blocks.ts'
import { type MinedTransaction, readLogsOfBlock, readTransactionsOfBlock } from '#db/rpc/transactions.ts'
import { inSnapshot } from '#db/snapshot.ts'
import type { BlockOpening, Receipt } from '#executor/blockBuilder.ts'
import { type ReplayInput, ReplayMismatchError } from '#executor/replayBlock.ts'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { headerNotFound } from '../errors.ts'
import { topicsOf } from '../format.ts'

/** A stored block with what it takes to run it again, and what has to come out. */
export type StoredBlock = {
  parent: HeaderRow
  transactions: readonly MinedTransaction[]
  logs: readonly LogRow[]
  replay: ReplayInput
}

/** @throws {RpcError} -32000 when the block is gone */
export async function readStoredBlock(
  db: Database,
  { blockNumber, hash, forkId, chainId }: { blockNumber: BlockNumber; hash: Hash; forkId: number; chainId: number },
): Promise<StoredBlock> {
  const [parent, header, transactions, logs] = await inSnapshot(db, (tx) =>
    Promise.all([
      findHeader(tx, (blockNumber - 1) as BlockNumber),
      findBlock(tx, blockNumber),
      readTransactionsOfBlock(tx, blockNumber),
      readLogsOfBlock(tx, blockNumber),
    ]),
  )
  if (parent === undefined || header?.hash !== hash) throw headerNotFound()
  const replay = {
    ...{ forkId, chainId, coinbase: header.coinbase, parentStateRoot: parent.stateRoot, opening: openingOf(header) },
    transactions: transactions.map(({ raw, sender, effectivePercentage }) => ({
      transaction: decodeRawTransaction(raw),
      sender,
      effectivePercentage,
    })),
  }
  return { parent, transactions, logs, replay }
}

/** The block of a forced batch has no marker. Checks of the opening were passed when the block was made. */
function openingOf(header: BlockRow): BlockOpening {
  const { globalExitRoot, l1BlockHash, timestamp, deltaTimestamp, l1InfoIndex, batchL2Data } = header
  if (batchL2Data.length === 0)
    return { kind: 'forced', timestampLimit: timestamp, globalExitRoot, forcedBlockHashL1: l1BlockHash }
  const l1Info = l1InfoIndex === 0 ? undefined : { globalExitRoot, blockHashL1: l1BlockHash, minTimestamp: timestamp }
  return { kind: 'changeL2Block', deltaTimestamp, timestampLimit: timestamp, l1Info }
}

/** @throws {ReplayMismatchError} naming what differs: status, gas or logs */
export function assertReplayed({ transactions, logs }: StoredBlock, index: number, receipt: Receipt): void {
  const { hash, status, gasUsed } = transactions[index]!
  const fail = (field: string, stored: number | string, replayed: number | string) => {
    throw new ReplayMismatchError('A replayed transaction differs.', { facts: { hash, field, stored, replayed } })
  }
  if (receipt.status !== status) fail('status', status, receipt.status)
  if (receipt.gasUsed !== gasUsed) fail('gasUsed', gasUsed, receipt.gasUsed)
  const stored = logs.filter(({ txIndex }) => txIndex === index)
  if (receipt.logs.length !== stored.length) fail('logs', stored.length, receipt.logs.length)
  for (const [position, log] of receipt.logs.entries()) {
    const { address, data, ...rest } = stored[position]!
    const isSame =
      log.address === address &&
      equalBytes(log.data, data) &&
      log.topics.join() === topicsOf({ address, data, ...rest }).join()
    if (!isSame) fail('log', position, 'another one')
  }
}
