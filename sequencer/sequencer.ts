import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import {
  type BatchRow,
  closeBatch,
  findLastClosedBatch,
  findOpenBatch,
  getBatch,
  growBatch,
  openBatch,
  readBatchL2Data,
} from '#db/batches.ts'
import { type BlockRow, getLastBlock, storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import type { ForcedBatchRow } from '#db/forcedBatches.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { findInfoLeafToBring, hasReachedL1Head } from '#db/infoLeaves.ts'
import { assertLease, type Lease, SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { listen } from '#db/notify.ts'
import { deleteOldTransactions, deleteTransactions, rejectTransactions } from '#db/poolFeed.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { NO_COUNTERS } from '#executor/counters/zkCounters.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { getForkRules } from '#protocol/forks.ts'
import { type Address, BatchNumber, type Hash } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'
import { type BatchLimits, type BatchUsage, type ClosingReason, findExhaustion } from './batchUsage.ts'
import { type InfoLeaf, type ProducedBlock, produceBlock, takeArrivals } from './blockProducer.ts'
import { DevRequests, type MineRequest } from './devRequests.ts'
import { ForcedBatches } from './forcedBatch.ts'
import { type Head, loadHead } from './head.ts'
import { NOBODY, type SequencerObserver } from './observer.ts'
import { PoolFeed } from './poolFeed.ts'
import { Waker } from './waker.ts'

export class SequencerConfigError extends NodeError {
  override readonly name = 'SequencerConfigError'
}

/** Too many batches before this one are to be filled first: it is not worth a place among those that wait. */
export class BatchFarAheadError extends NodeError {
  override readonly name = 'BatchFarAheadError'
}

export type ClosedBatchSummary = { txCount: number; blockCount: number; closingReason: string }

/** Notifications wake the sequencer; it looks by itself this often in case one was lost. */
const POLL_MS = 1000
/** Batches that wait for their turn here; more could take the places of those before them, see the worker's limit. */
const MOST_AHEAD = 6
const PREPARE_POLL_MS = 200
const EXPIRE_EVERY_MS = 60_000

type CollectOptions = { closeNow: boolean }
type FillOptions = CollectOptions & { signal: AbortSignal }
type Work = { leaf: InfoLeaf | undefined; evenEmpty: boolean; mine?: MineRequest | undefined }

/** In memory between blocks: caches of the State DB and the Pool DB, dropped together after any failure. */
type Memory = { head: Head; feed: PoolFeed; forkId: number }

/**
 * Makes L2 blocks from the pool and batches from the blocks. Each block is one database transaction under a lease;
 * nothing else matters after a kill.
 */
export class Sequencer {
  readonly #db: Database
  readonly #config: Config
  readonly #logger: Logger
  readonly #observer: SequencerObserver
  readonly #limits: Omit<BatchLimits, 'counters'>
  readonly #coinbase: Address
  readonly #forced: ForcedBatches
  readonly #poolNews = new Waker()
  /** On a development network. */
  readonly #dev: DevRequests | undefined
  /** Those that wait until the batch before theirs is closed. */
  readonly #turns = new Map<BatchNumber, Waker>()
  #collecting: BatchNumber | undefined
  #memory: Memory | undefined
  #unlisten: Promise<() => Promise<void>> | undefined
  #expiredAt = Date.now()

  /** @throws {SequencerConfigError} */
  constructor({
    db,
    config,
    logger,
    observer = NOBODY,
  }: { db: Database; config: Config; logger: Logger; observer?: SequencerObserver }) {
    const { batchMaxTransactions, batchMaxBytes, resourceMarginPercent, coinbase } = config.sequencer
    if (coinbase === undefined) throw new SequencerConfigError('sequencer.coinbase is not set: this role needs it.')
    this.#db = db
    this.#config = config
    this.#logger = logger
    this.#observer = observer
    this.#coinbase = coinbase
    const { forcedBatchConfirmations: confirmations, forcedBatchDeadlineMs: deadlineMs } = config.sequencer
    const { chainId, forkId } = config.network
    this.#forced = new ForcedBatches(db, { chainId, forkId, coinbase, confirmations, deadlineMs })
    this.#dev = config.rpc.namespaces.includes('dev') ? new DevRequests(db, () => this.#poolNews.ring()) : undefined
    this.#limits = {
      transactions: batchMaxTransactions,
      sizeBytes: batchMaxBytes,
      marginPercent: resourceMarginPercent,
    }
  }

  /** Where it is, for heartbeats. */
  progressOf(batchNumber: BatchNumber): Record<string, unknown> {
    return batchNumber === this.#collecting ? this.progress() : { waitsForBatch: batchNumber - 1 }
  }

  /** Its last block, and how many transactions could go into the next one. */
  progress(): { block: number | null; ready: number } {
    return { block: this.#memory?.head.last.blockNumber ?? null, ready: this.#memory?.feed.queue.readyCount ?? 0 }
  }

  /** Waits until the synchronizer has read L1 up to its head; then the batch to go on with. */
  async prepare(signal: AbortSignal): Promise<{ nextBatch: number; forkId: number }> {
    for (;;) {
      const open = await findOpenBatch(this.#db)
      const last = await findLastClosedBatch(this.#db)
      // Batch 1 comes from L1: creating the rollup injects it.
      if (last !== undefined && last.batchNumber >= 1 && (await hasReachedL1Head(this.#db)))
        return await this.#placeOf(BatchNumber(open?.batchNumber ?? last.batchNumber + 1))
      await this.#poolNews.wait(PREPARE_POLL_MS, signal)
      signal.throwIfAborted()
    }
  }

  async #placeOf(nextBatch: BatchNumber): Promise<{ nextBatch: number; forkId: number }> {
    return { nextBatch, forkId: await findForkId(this.#db, nextBatch, this.#config.network.forkId) }
  }

  /**
   * Fills the batch until it closes; one that is closed is only reported. `closeNow`: it closes as soon as it holds a
   * block. @throws {LeaseLostError}
   */
  async collect(
    batchNumber: BatchNumber,
    signal: AbortSignal,
    { closeNow }: CollectOptions = { closeNow: false },
  ): Promise<ClosedBatchSummary> {
    this.#unlisten ??= listen(this.#db, 'pool', () => this.#poolNews.ring())
    await this.#unlisten
    await this.#dev?.listen()
    if (!(await this.#takeTurn(batchNumber, signal))) return await this.#summarize(batchNumber)
    try {
      await this.#fill(batchNumber, await takeLease(this.#db, SEQUENCER_LEASE), { signal, closeNow })
      return await this.#summarize(batchNumber)
    } catch (error) {
      this.#memory = undefined // it may be ahead of the database
      this.#dev?.forget()
      throw error
    } finally {
      this.#collecting = undefined
      this.#turns.get(BatchNumber(batchNumber + 1))?.ring()
    }
  }

  async close(): Promise<void> {
    await (await this.#unlisten)?.()
    await this.#dev?.close()
  }

  /**
   * True when the batch is to be filled, from now on by this caller alone; false when it is closed already.
   * @throws {BatchFarAheadError} to be tried again
   */
  async #takeTurn(batchNumber: BatchNumber, signal: AbortSignal): Promise<boolean> {
    const turn = new Waker()
    this.#turns.set(batchNumber, turn)
    try {
      for (;;) {
        // While one before it is filled here nothing closes elsewhere: many may wait without asking the database.
        if (this.#collecting === undefined || this.#collecting > batchNumber) {
          const last = (await findLastClosedBatch(this.#db))?.batchNumber ?? -1
          if (last >= batchNumber) return false
          if (batchNumber > last + MOST_AHEAD)
            throw new BatchFarAheadError('Others are to be filled first.', { facts: { batchNumber, last } })
          if (last === batchNumber - 1 && this.#collecting === undefined) {
            this.#collecting = batchNumber
            return true
          }
        }
        await turn.wait(POLL_MS, signal)
        signal.throwIfAborted()
      }
    } finally {
      if (this.#turns.get(batchNumber) === turn) this.#turns.delete(batchNumber)
    }
  }

  async #summarize(batchNumber: BatchNumber): Promise<ClosedBatchSummary> {
    const { txCount, blockCount, closingReason } = await getBatch(this.#db, batchNumber)
    return { txCount, blockCount, closingReason: closingReason ?? '' }
  }

  async #fill(batchNumber: BatchNumber, lease: Lease, options: FillOptions): Promise<void> {
    const { signal, closeNow } = options
    const batch = await this.#open(batchNumber, lease)
    const { forkId } = batch
    const memory = await this.#recall(forkId)
    const limits = { ...this.#limits, counters: getForkRules(forkId).counterBudget }
    memory.feed.queue.resume() // what did not fit the last batch may fit this one
    let usage = await this.#usageOf(batch)
    let fullAt = batch.txCount > 0 ? batch.openedAt.getTime() + this.#config.sequencer.batchMaxMs : Infinity
    let isEmpty = batch.blockCount === 0
    let reason: ClosingReason | undefined
    for (;;) {
      signal.throwIfAborted()
      const forced = await this.#forced.find()
      if (forced !== undefined && isEmpty) return await this.#takeForced(batchNumber, forced, lease)
      if (forced !== undefined && this.#forced.isUrgent(forced)) reason ??= 'Forced batch deadline'
      if (closeNow && !isEmpty) reason ??= 'Closed by an operator'
      reason ??= findExhaustion(usage, limits)
      const closesAt = Math.max(fullAt, this.#dev?.heldUntil(batchNumber) ?? 0)
      if (Date.now() >= closesAt) reason ??= 'Max delta timestamp'
      if (reason !== undefined) return await this.#close(batchNumber, memory.head, reason, lease)
      const work = await this.#waitForWork(memory, lease, closesAt, signal)
      if (work === 'reverted') {
        this.#memory = undefined
        return await this.#fill(batchNumber, lease, options)
      }
      if (work === undefined) {
        await assertLease(this.#db, lease) // nothing to write would never tell that it is lost
        continue
      }
      const begunAt = performance.now()
      const produced = await this.#produce({ batchNumber, usage, limits, ...work }, memory, signal)
      await this.#store(batchNumber, memory, produced, lease, work.mine)
      for (const { reason } of produced.rejected) this.#observer.rejected(reason)
      if (produced.stored !== undefined)
        this.#observer.blockStored({
          ...{ seconds: (performance.now() - begunAt) / 1000, usage: produced.usage, limits, batchNumber },
          ...{ blockNumber: produced.stored.block.blockNumber, transactions: produced.stored.transactions },
        })
      isEmpty &&= produced.stored === undefined
      usage = produced.usage
      reason = produced.full
      if (usage.transactions > 0 || work.mine !== undefined)
        fullAt = Math.min(fullAt, Date.now() + this.#config.sequencer.batchMaxMs)
    }
  }

  async #open(batchNumber: BatchNumber, lease: Lease): Promise<BatchRow> {
    await this.#db.transaction(async (tx) => {
      await assertLease(tx, lease)
      const forkId = await findForkId(tx, batchNumber, this.#config.network.forkId)
      await openBatch(tx, { batchNumber, kind: 'trusted', forkId, coinbase: this.#coinbase })
    })
    return await getBatch(this.#db, batchNumber)
  }

  /** What is in memory, when it is what the database has. */
  async #recall(forkId: number): Promise<Memory> {
    const last = await getLastBlock(this.#db)
    if (this.#memory?.head.last.hash !== last.hash || this.#memory.forkId !== forkId)
      this.#memory = { head: await loadHead(this.#db, forkId), feed: new PoolFeed(this.#db), forkId }
    return this.#memory
  }

  async #usageOf(batch: BatchRow): Promise<BatchUsage> {
    const { length: sizeBytes } = await readBatchL2Data(this.#db, batch)
    const counters = (batch.counters as ZkCounters | null) ?? NO_COUNTERS
    return { transactions: batch.txCount, sizeBytes, counters }
  }

  /** What to put in a block: ready transactions, a new exit root, or nothing when it is time for an empty one. */
  async #waitForWork(
    memory: Memory,
    lease: Lease,
    until: number,
    signal: AbortSignal,
  ): Promise<Work | 'reverted' | undefined> {
    await this.#expireTransactions(memory)
    const { chainId } = this.#config.network
    await takeArrivals(memory.feed, memory.head, { chainId, forkId: memory.forkId, coinbase: this.#coinbase })
    const { last } = memory.head
    const mine = await this.#dev?.take(lease, (hash) => memory.feed.queue.remove(hash))
    if (mine === 'reverted') return mine
    const leaf = await findInfoLeafToBring(this.#db, this.#timestampAfter(last, mine))
    const emptyAt = this.#emptyBlockAt(last)
    const evenEmpty = mine !== undefined || Date.now() >= emptyAt
    if (evenEmpty || leaf !== undefined || memory.feed.queue.next() !== undefined) return { leaf, evenEmpty, mine }
    await this.#poolNews.wait(Math.min(POLL_MS, until - Date.now(), emptyAt - Date.now()), signal)
    return undefined
  }

  /** When to make a block even with nothing to put in it, ms since the epoch. */
  #emptyBlockAt({ createdAt, txCount }: BlockRow): number {
    const { emptyBlockIntervalMs, trailingBlockMs } = this.#config.sequencer
    const after = (delayMs: number) => (delayMs > 0 ? createdAt.getTime() + delayMs : Infinity)
    return Math.min(after(emptyBlockIntervalMs), txCount > 0 ? after(trailingBlockMs) : Infinity)
  }

  /** Of the next block. */
  #timestampAfter({ timestamp }: BlockRow, mine: MineRequest | undefined): number {
    return this.#dev?.nextTimestamp(timestamp, mine) ?? Math.max(timestamp, Math.floor(Date.now() / 1000))
  }

  #produce(
    work: Work & { batchNumber: BatchNumber; usage: BatchUsage; limits: BatchLimits },
    { head, feed, forkId }: Memory,
    signal: AbortSignal,
  ) {
    const { network, sequencer } = this.#config
    const plan = {
      ...work,
      chainId: network.chainId,
      forkId,
      coinbase: this.#coinbase,
      timestamp: this.#timestampAfter(head.last, work.mine),
      idleMs: work.mine === undefined ? sequencer.blockIdleMs : 0,
      maxMs: sequencer.blockMaxMs,
      maxTransactions: sequencer.blockMaxTransactions,
    }
    return produceBlock(head, feed, plan, this.#poolNews, signal)
  }

  async #store(
    batchNumber: BatchNumber,
    { head, feed }: Memory,
    produced: ProducedBlock,
    lease: Lease,
    mine: MineRequest | undefined,
  ): Promise<void> {
    const { stored, usage, rejected } = produced
    const last = await this.#db.transaction(async (tx) => {
      await assertLease(tx, lease)
      for (const { hash, reason } of rejected) await rejectTransactions(tx, [hash], reason)
      if (stored === undefined) return undefined
      const added = { txCount: stored.transactions.length, timestamp: stored.block.timestamp, counters: usage.counters }
      const [row] = await Promise.all([storeBlock(tx, stored), growBatch(tx, batchNumber, added)])
      await this.#dev?.noteBlock(tx, stored.block.timestamp, mine)
      return row
    })
    if (stored === undefined || last === undefined) return
    head.last = last
    const stale: Hash[] = []
    for (const [address, { nonce, balance }] of stored.changes.accounts)
      stale.push(...feed.queue.promote(address, Number(nonce), balance).map(({ hash }) => hash))
    await deleteTransactions(this.#db, stale)
    const { blockNumber } = stored.block
    this.#logger.debug({ batchNumber, blockNumber, transactions: stored.transactions.length }, 'L2 block')
  }

  async #close(batchNumber: BatchNumber, { last }: Head, closingReason: ClosingReason, lease: Lease): Promise<void> {
    const openedAt = await this.#db.transaction(async (tx) => {
      await assertLease(tx, lease)
      const slot = { address: L2_GLOBAL_EXIT_ROOT_MANAGER, slot: BigInt(LOCAL_EXIT_ROOT_SLOT) }
      const [localExitRoot] = await createDatabaseStateReader(tx).getStorage([slot])
      const batch = await getBatch(tx, batchNumber)
      await closeBatch(tx, {
        batchNumber,
        closingReason,
        batchL2Data: await readBatchL2Data(tx, batch),
        stateRoot: last.stateRoot,
        localExitRoot: `0x${localExitRoot!.toString(16).padStart(64, '0')}` as Hash,
        lastTimestamp: last.timestamp,
      })
      return batch.openedAt
    })
    this.#observer.batchClosed({ openSeconds: (Date.now() - openedAt.getTime()) / 1000 })
    this.#logger.info({ batchNumber, closingReason }, 'batch closed')
  }

  async #takeForced(batchNumber: BatchNumber, forced: ForcedBatchRow, lease: Lease): Promise<void> {
    const closingReason = await this.#forced.take(batchNumber, forced, lease)
    this.#memory = undefined // the state has moved on without it
    this.#logger.info({ batchNumber, forcedBatchNumber: forced.forcedBatchNumber, closingReason }, 'batch closed')
  }

  async #expireTransactions({ feed }: Memory): Promise<void> {
    if (Date.now() - this.#expiredAt < EXPIRE_EVERY_MS) return
    this.#expiredAt = Date.now()
    for (const hash of await deleteOldTransactions(this.#db, this.#config.sequencer.transactionLifetimeMs))
      feed.queue.remove(hash)
  }
}
