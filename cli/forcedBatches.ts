import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { createEtherman } from '#etherman/client.ts'
import type { L1Contracts } from '#etherman/events.ts'
import type { SequencedBatch } from '#etherman/types.ts'
import { encodeBatchTransaction } from '#protocol/batchL2Data.ts'
import { FULL_PRICE_PERCENTAGE } from '#protocol/effectiveGasPrice.ts'
import type { Hash, Hex } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { allowPol, type L1Account } from './l1Account.ts'

export type L1Network = { rpcUrls: readonly string[]; rollupId: number; contracts: L1Contracts; l1StartBlock?: number }

/** `takeByUnix`: when anybody may sequence it, seconds; the sequencer should have taken it by then. */
export type ForcedBatch = { forcedBatchNumber: number; feeWei: bigint; l1TxHash: Hash; takeByUnix: number }
/** What was sequenced: how many; `toBatch` is the last batch of the rollup now. */
export type SequencedForced = { forcedBatches: number; toBatch: number; l1TxHash: Hash }

/** Blocks of a range that public endpoints answer at once. */
const LOG_RANGE = 5000
const REQUEST_TIMEOUT_MS = 30_000
/** What the contract allows in one call is more; this fits into a transaction whatever the batches hold. */
const FORCED_AT_ONCE = 20

/** Batch data of signed L2 transactions (raw, as eth_sendRawTransaction takes them), which pay their full gas price. */
export function forcedBatchData(rawTransactions: readonly Hex[]): Uint8Array {
  return concatBytes(
    ...rawTransactions.map((raw) =>
      encodeBatchTransaction(decodeRawTransaction(hexToBytes(raw)), FULL_PRICE_PERCENTAGE),
    ),
  )
}

/**
 * Puts a batch on L1 that the rollup has to take, and pays its fee in POL. Not checked here: the bytes may be anything,
 * and what is not a valid transaction changes nothing on L2. @throws {L1CommandRefusedError}
 */
export async function forceBatch(account: L1Account, batchL2Data: Uint8Array): Promise<ForcedBatch> {
  const { rollup, manager, send } = account
  const feeWei: bigint = await manager.getFunction('getForcedBatchFee')()
  await allowPol(account, feeWei)
  const receipt = await send(rollup, 'forceBatch', [bytesToHex(batchL2Data), feeWei])
  const event = receipt.logs.map((log) => rollup.interface.parseLog(log)).find((log) => log?.name === 'ForceBatch')
  const [block, timeout] = await Promise.all([
    account.provider.getBlock(receipt.blockNumber),
    rollup.getFunction('forceBatchTimeout')() as Promise<bigint>,
  ])
  const forcedBatchNumber = Number(event!.args['forceBatchNum'])
  return { forcedBatchNumber, feeWei, l1TxHash: receipt.hash as Hash, takeByUnix: block!.timestamp + Number(timeout) }
}

/** Sequences the forced batches whose time is over, in order, without the sequencer; undefined when there is none. @throws {L1CommandRefusedError} */
export async function sequenceForcedBatches(
  account: L1Account,
  network: L1Network,
): Promise<SequencedForced | undefined> {
  const { rollup, provider, send } = account
  const [last, sequenced, timeout, head] = await Promise.all([
    rollup.getFunction('lastForceBatch')().then(Number),
    rollup.getFunction('lastForceBatchSequenced')().then(Number),
    rollup.getFunction('forceBatchTimeout')().then(Number),
    provider.getBlock('latest'),
  ])
  if (sequenced === last) return undefined
  const waiting = await readForcedBatches(network, { after: sequenced, head: head!.number })
  const due = waiting.filter(({ forcedTimestamp }) => forcedTimestamp + timeout <= head!.timestamp)
  const batches = due.slice(0, FORCED_AT_ONCE)
  if (batches.length === 0) return undefined
  const tuples = batches.map(({ batchL2Data, ...fields }) => ({ transactions: bytesToHex(batchL2Data), ...fields }))
  const receipt = await send(rollup, 'sequenceForceBatches', [tuples])
  const events = receipt.logs.map((log) => rollup.interface.parseLog(log))
  const toBatch = Number(events.find((event) => event?.name === 'SequenceForceBatches')!.args['numBatch'])
  return { forcedBatches: batches.length, toBatch, l1TxHash: receipt.hash as Hash }
}

/** Forced batches with higher numbers, as their events and the calldata behind them have them, in order. */
async function readForcedBatches(
  { rpcUrls, rollupId, contracts, l1StartBlock = 0 }: L1Network,
  { after, head }: { after: number; head: number },
): Promise<SequencedBatch[]> {
  const etherman = createEtherman({ rpcUrls, contracts, rollupId, requestTimeoutMs: REQUEST_TIMEOUT_MS })
  const found: SequencedBatch[] = []
  try {
    for (let fromBlock = l1StartBlock; fromBlock <= head; fromBlock += LOG_RANGE) {
      const range = { fromBlock, toBlock: Math.min(head, fromBlock + LOG_RANGE - 1) }
      for (const { block, events } of await etherman.readEvents(range))
        for (const event of events)
          if (event.kind === 'forceBatch' && event.forcedBatchNumber > after)
            found.push({
              ...{ batchL2Data: event.batchL2Data, forcedGlobalExitRoot: event.lastGlobalExitRoot },
              ...{ forcedTimestamp: block.timestamp, forcedBlockHashL1: block.parentHash },
            })
    }
  } finally {
    etherman.close()
  }
  return found
}
