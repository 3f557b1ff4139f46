import type { Database } from '#db/client.ts'
import { type ForcedBatchRow, findForcedBatchToTake } from '#db/forcedBatches.ts'
import { assertLease, type Lease } from '#db/leases.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { type Address, type BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { ChainTip } from '#synchronizer/chainTip.ts'
import { appendBatches, type SequencedOnL1 } from '#synchronizer/executeSequenced.ts'
import type { ClosingReason } from './batchUsage.ts'

/** How often the State DB is asked for forced batches while a batch collects. */
const LOOK_EVERY_MS = 500

type Settings = { chainId: number; forkId: number; coinbase: Address; confirmations: number; deadlineMs: number }

/** What users forced on L1: each gets a batch of its own, in the order of L1, before its time is over. */
export class ForcedBatches {
  readonly #db: Database
  readonly #settings: Settings
  #waiting: ForcedBatchRow | undefined
  #lookedAt = 0

  constructor(db: Database, settings: Settings) {
    this.#db = db
    this.#settings = settings
  }

  /** The next one that L1 will not forget; asks the database twice a second at the most. */
  async find(): Promise<ForcedBatchRow | undefined> {
    if (Date.now() - this.#lookedAt < LOOK_EVERY_MS) return this.#waiting
    this.#waiting = await findForcedBatchToTake(this.#db, this.#settings.confirmations)
    this.#lookedAt = Date.now()
    return this.#waiting
  }

  /** Whether a batch with blocks in it has to close, so that the forced one gets its turn. */
  isUrgent({ forcedTimestamp }: ForcedBatchRow): boolean {
    return Date.now() >= forcedTimestamp * 1000 + this.#settings.deadlineMs
  }

  /**
   * Executes it as the whole content of the open batch, which must be without blocks, and closes that: one database
   * transaction. What is wrong with it (bytes that are no transactions, nonces, funds) the rules of execution decide:
   * such a batch changes little or nothing, and takes its place all the same. @throws {LeaseLostError}
   */
  async take(batchNumber: BatchNumber, forced: ForcedBatchRow, lease: Lease): Promise<ClosingReason> {
    const { chainId, coinbase } = this.#settings
    const batch: SequencedOnL1 = {
      ...{ batchNumber, batchL2Data: forced.batchL2Data, coinbase, sequencer: coinbase, kind: 'forced' },
      l1InfoRoot: forced.forcedGlobalExitRoot,
      timestampLimit: forced.forcedTimestamp,
      forcedBlockHashL1: forced.forcedBlockHashL1,
      forcedBatchNumber: forced.forcedBatchNumber,
    }
    const closingReason = 'Forced batch'
    await this.#db.transaction(async (tx) => {
      await assertLease(tx, lease)
      await deleteBatchesFrom(tx, batchNumber) // the open one, which has no blocks
      // The state does not depend on the accumulated input hash.
      const options = { network: { chainId, forkId: this.#settings.forkId }, oldAccInputHash: ZERO_HASH, closingReason }
      await appendBatches(tx, new ChainTip(), [batch], options)
    })
    this.#waiting = undefined
    this.#lookedAt = 0
    return closingReason
  }
}
