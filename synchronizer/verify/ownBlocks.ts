import { findBatch, isClosed } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { readHorizon } from '#db/pruning.ts'
import { findHeader, type HeaderRow, readHeadersOfBatch } from '#db/rpc/blocks.ts'
import { type MinedReceipt, readReceiptsOfBatch } from '#db/rpc/receipts.ts'
import { blockHash, LOGS_BLOOM_SIZE_BYTES, receiptsRoot, transactionsRoot } from '#protocol/l2Block.ts'
import { BatchNumber, BlockNumber, type Hash } from '#protocol/primitives.ts'
import type { Differences } from './differences.ts'

/** Up to this fork a receipt holds the state after its transaction, which is kept nowhere else. */
const LAST_FORK_WITH_POST_STATES = 7

/**
 * Compares the blocks of batches with each other and with what is in them: that each names the one before, that hash and
 * roots are those of its rows, and that the last one leads to the state of its batch. What is pruned is linked only.
 */
export async function compareOwnBlocks(
  db: Database,
  {
    from,
    to,
    differences,
    onProgress,
  }: { from: number; to: number; differences: Differences; onProgress: (batch: number) => void },
): Promise<number> {
  const { oldestBatch } = await readHorizon(db)
  let blocks = 0
  let parent: Hash | undefined
  for (let number = from; number <= to && !differences.isFull; number++) {
    const batchNumber = BatchNumber(number)
    const [batch, headers] = await Promise.all([findBatch(db, batchNumber), readHeadersOfBatch(db, batchNumber)])
    if (batch === undefined) continue // told where it is compared with L1
    const [first, last] = [headers[0], headers.at(-1)]
    if (first !== undefined) parent ??= (await findHeader(db, BlockNumber(first.blockNumber - 1)))?.hash
    const receipts = number < oldestBatch ? undefined : await readReceiptsOfBatch(db, batchNumber)
    for (const header of headers) {
      const what = `block ${header.blockNumber}`
      if (parent !== undefined) differences.compare(what, { parentHash: header.parentHash }, { parentHash: parent })
      if (receipts !== undefined) compareContent(header, receiptsOf(header, receipts), batch.forkId, differences)
      parent = header.hash
    }
    if (isClosed(batch) && last !== undefined)
      differences.compare(`batch ${number}`, { stateRoot: batch.stateRoot }, { stateRoot: last.stateRoot })
    blocks += headers.length
    onProgress(number)
  }
  return blocks
}

const receiptsOf = ({ blockNumber }: HeaderRow, receipts: readonly MinedReceipt[]) =>
  receipts.filter(({ row }) => row.blockNumber === blockNumber)

function compareContent(
  header: HeaderRow,
  receipts: readonly MinedReceipt[],
  forkId: number,
  differences: Differences,
): void {
  const logsBloom = header.logsBloom ?? new Uint8Array(LOGS_BLOOM_SIZE_BYTES)
  const computed = {
    transactionsRoot: transactionsRoot(receipts.map(({ row }) => row.raw)),
    hash: blockHash({ ...header, number: header.blockNumber, gasUsed: BigInt(header.gasUsed), logsBloom }),
    ...(forkId > LAST_FORK_WITH_POST_STATES ? { receiptsRoot: receiptsRoot(receipts.map(toSummary)) } : {}),
  }
  const names = Object.keys(computed) as (keyof typeof computed)[]
  const stored = Object.fromEntries(names.map((name) => [name, header[name]]))
  differences.compare(`block ${header.blockNumber}`, stored, computed)
}

const toSummary = ({ row, logs }: MinedReceipt) => ({
  status: row.status === 1 ? (1 as const) : (0 as const),
  cumulativeGasUsed: BigInt(row.cumulativeGasUsed),
  logs: logs.map(({ address, data, topic0, topic1, topic2, topic3 }) => ({
    ...{ address, data, topics: [topic0, topic1, topic2, topic3].filter((topic) => topic !== null) },
  })),
})
