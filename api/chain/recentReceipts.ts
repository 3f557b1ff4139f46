import type { Database } from '#db/client.ts'
import { type MinedReceipt, readReceiptsOfBlock } from '#db/rpc/receipts.ts'
import { type MinedTransaction, readLogsOfTransaction } from '#db/rpc/transactions.ts'
import type { Hash } from '#protocol/primitives.ts'
import type { Head } from './head.ts'
import { findTransaction, requireHistory } from './history.ts'

type Receipts = ReadonlyMap<Hash, MinedReceipt>

/** Transactions and logs together, some 20 MB of usual ones; what was read first goes first. */
const MAX_KEPT_ROWS = 20_000

/**
 * Finds receipts by transaction. The first of a recent block reads the whole block, because who waits for one waits for
 * others too. Memory answers only while the head has the block: what is undone is not told.
 */
export function createReceiptReader(db: Database, head: Head) {
  const kept = new Map<Hash, MinedReceipt>()
  const reading = new Map<Hash, Promise<Receipts>>()
  let keptRows = 0

  const isRecent = ({ blockNumber, blockHash }: MinedTransaction) => head.includes({ blockNumber, hash: blockHash })

  function drop(hash: Hash): void {
    const parts = kept.get(hash)
    if (parts === undefined) return
    kept.delete(hash)
    keptRows -= 1 + parts.logs.length
  }

  function keep(receipts: Receipts): void {
    for (const [hash, parts] of receipts) {
      drop(hash)
      kept.set(hash, parts)
      keptRows += 1 + parts.logs.length
    }
    for (const hash of kept.keys()) {
      if (keptRows <= MAX_KEPT_ROWS) break
      drop(hash)
    }
  }

  /** One reading of a block at a time, whoever asks. */
  function readOnce(row: MinedTransaction): Promise<Receipts> {
    const begun = reading.get(row.blockHash)
    if (begun !== undefined) return begun
    const receipts = readReceiptsOfBlock(db, { ...row, hash: row.blockHash })
      .then((found) => new Map(found.map((each) => [each.row.hash, each])))
      .finally(() => reading.delete(row.blockHash))
    reading.set(row.blockHash, receipts)
    return receipts
  }

  return async (hash: Hash): Promise<MinedReceipt | undefined> => {
    const known = kept.get(hash)
    if (known !== undefined && isRecent(known.row)) {
      requireHistory({ head }, known.row.blockNumber)
      return known
    }
    const row = await findTransaction({ db, head }, hash)
    if (row === undefined) return undefined
    await head.reach(row.blockNumber)
    if (!isRecent(row)) return { row, logs: await readLogsOfTransaction(db, row) }
    const receipts = await readOnce(row)
    keep(receipts)
    return receipts.get(hash)
  }
}
