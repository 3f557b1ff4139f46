import type { Database } from '#db/client.ts'
import { findArrivals, type PoolRow } from '#db/poolFeed.ts'
import { createReadyQueue, type QueuedTransaction, type ReadyQueue } from '#pool/readyQueue.ts'
import { encodedTransactionSize } from '#protocol/batchL2Data.ts'
import { decodeRawTransaction, type Transaction } from '#protocol/transaction.ts'

/** A waiting transaction, decoded. `sizeBytes` is what it takes of batchL2Data. */
export type PooledTransaction = QueuedTransaction & { transaction: Transaction; sizeBytes: number }

const PAGE = 2000
/** Longest time between a row getting its arrival number and its commit. */
const LATE_MS = 30_000
/** Arrivals below one that is seen that may still be uncommitted. */
const LATE_COUNT = 1000

/**
 * Keeps a ready queue equal to the waiting rows of the Pool DB. Arrival numbers are given before rows become visible,
 * so a number that was passed over is looked for again until it is surely gone.
 */
export class PoolFeed {
  readonly queue: ReadyQueue<PooledTransaction> = createReadyQueue<PooledTransaction>()
  readonly #db: Database
  readonly #missing = new Map<number, number>() // arrival → when it was passed over, ms
  #arrived: PooledTransaction[] = []
  #newest = Number.MIN_SAFE_INTEGER // what returned from undone blocks has numbers below those given out

  constructor(db: Database) {
    this.#db = db
  }

  /** Takes what is new, at most one page. Returns whether there may be more. */
  async refresh(): Promise<boolean> {
    const rows = await findArrivals(this.#db, { after: this.#newest, also: [...this.#missing.keys()], limit: PAGE })
    for (const row of rows) this.#add(row)
    this.#watchGaps(rows)
    return rows.length === PAGE
  }

  /** What came since the last call, for once. */
  takeArrived(): PooledTransaction[] {
    const arrived = this.#arrived
    this.#arrived = []
    return arrived
  }

  #add(row: PoolRow): void {
    const transaction = decodeRawTransaction(row.raw)
    const pooled = {
      hash: row.hash,
      sender: row.sender,
      nonce: row.nonce,
      gasPrice: row.gasPrice,
      cost: row.cost,
      arrival: row.arrival,
      transaction,
      sizeBytes: encodedTransactionSize(transaction),
    }
    const { kind } = this.queue.add(pooled)
    if (kind === 'added' || kind === 'replaced') this.#arrived.push(pooled)
  }

  #watchGaps(rows: readonly PoolRow[]): void {
    const now = Date.now()
    for (const { arrival } of rows) {
      const first = Math.max(this.#newest + 1, arrival - LATE_COUNT)
      for (let passed = first; passed < arrival; passed++) this.#missing.set(passed, now)
      this.#missing.delete(arrival)
      this.#newest = Math.max(this.#newest, arrival)
    }
    for (const [arrival, since] of this.#missing) if (now - since > LATE_MS) this.#missing.delete(arrival)
  }
}
