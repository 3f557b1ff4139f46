import type { Logger } from '#common/logger.ts'
import type { Database, Queryable } from '#db/client.ts'
import { findFirstUpgradedBatch, findForkId } from '#db/forkUpgrades.ts'
import { findFirstUnfoundedBatch } from '#db/foundations.ts'
import {
  deleteL1BlocksAbove,
  findCursor,
  findNewestL1Blocks,
  setCatchUpStart,
  setCursor,
  setFinality,
  storeL1Block,
} from '#db/l1.ts'
import { reopenLostTransactions } from '#db/l1Transactions.ts'
import { SEQUENCER_LEASE, takeLease } from '#db/leases.ts'
import { insertSignals, type NewSignal } from '#db/outbox.ts'
import { findBlockBeforeRollbacks } from '#db/rollbacks.ts'
import { findBatchOnL1 } from '#db/verification.ts'
import type { Etherman, L1Block, L1BlockEvents } from '#etherman/types.ts'
import { type BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import {
  AGGREGATOR_WORKFLOW_ID,
  batchWorkflowId,
  l1Progressed,
  l1Reorged,
  l1Virtualized,
  SEQUENCE_SENDER_WORKFLOW_ID,
} from '#workflows/messages.ts'
import { applyEvent } from './applyEvents.ts'
import { applyForkUpgrade } from './applyForkUpgrade.ts'
import { CatchUp, type Progress } from './catchUp.ts'
import { ChainTip } from './chainTip.ts'
import { L1MovedError } from './errors.ts'
import { StoredInfoTree } from './infoTree.ts'
import { RangeReader, type ReadRange } from './rangeReader.ts'
import { undoTrustedBatches } from './undoTrustedBatches.ts'

type Dependencies = {
  db: Database
  etherman: Etherman
  network: { chainId: number; forkId: number; l1StartBlock: number }
  /** Most L1 blocks asked for at once. */
  maxBlockRange: number
  /** Ranges that are read at once; they are applied one by one. */
  parallelRanges?: number
  /** The state follows L1 up to the newest block that L1 calls so. */
  follow?: 'latest' | 'safe' | 'finalized'
  /** Of a node that proves nothing: its batches have no witnesses, and no workflows that hear of L1. */
  isReader?: boolean
  /** Shared with who else adds batches; never at the same time. */
  tip?: ChainTip
  /** Told when a reorg took back what was stored. */
  onReorg?: () => void
  logger: Logger
}

/** An endpoint that knows no such tag: so many blocks below the newest, which are usual between them. */
const USUAL_DEPTH = { safe: 32, finalized: 64 }

const STORED_BLOCKS_PAGE = 50
const UNFOUNDED = 'L1 reorganized: a forced batch or an exit root that it rests on is gone or another one'
const WAKE_SENDERS: readonly NewSignal[] = [SEQUENCE_SENDER_WORKFLOW_ID, AGGREGATOR_WORKFLOW_ID].map((workflowId) => ({
  ...{ workflowId, signal: l1Progressed.name, args: [] },
}))

/**
 * Brings the State DB up to date with L1: reads events in ranges, several at once, applies each L1 block in one database
 * transaction, in order, and takes back what a reorg removed.
 */
export class Synchronizer {
  readonly #deps: Dependencies
  readonly #infoTree = new StoredInfoTree()
  readonly #reader: RangeReader
  readonly #catchUp: CatchUp
  readonly #tip: ChainTip
  #finality = { safe: -1, finalized: -1 }
  /** Head up to which everything was read. */
  #lastRead: string | undefined

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#reader = new RangeReader({ parallelRanges: 4, ...deps })
    this.#catchUp = new CatchUp(deps.logger)
    this.#tip = deps.tip ?? new ChainTip()
  }

  /**
   * Reads up to the head that is followed. `onProgress` is called after each range; an aborted signal ends it between
   * ranges. When L1 changes meanwhile it ends early: the next call goes back to where both chains meet.
   */
  async poll(onProgress: (progress: Progress) => void, signal?: AbortSignal): Promise<Progress> {
    const { db, network, logger } = this.#deps
    const head = await this.#findHead()
    const target = head?.number ?? 0
    if (head !== undefined && head.hash === this.#lastRead) return { position: target, target }
    this.#lastRead = undefined
    await this.#undoReorg(head)
    let position = (await findCursor(db))?.position ?? network.l1StartBlock - 1
    if (this.#catchUp.begin(position, target)) await setCatchUpStart(db, position, target)
    try {
      while (head !== undefined && position < target && !signal?.aborted) {
        position = await this.#applyRange(await this.#reader.next(position + 1, head), target)
        onProgress(this.#catchUp.advance({ position, target }))
      }
    } catch (error) {
      if (!(error instanceof L1MovedError)) throw error
      logger.warn({ err: error }, 'L1 changed while it was read; it will be read again')
    } finally {
      this.#reader.drop()
    }
    await this.#storeFinality(position)
    if (position === target) {
      await this.#undoUnfounded()
      this.#lastRead = head?.hash
    }
    return { position, target }
  }

  async #findHead(): Promise<L1Block | undefined> {
    const { etherman, follow = 'latest' } = this.#deps
    const head = await etherman.getBlock(follow)
    if (head !== undefined || follow === 'latest') return head
    const number = ((await etherman.getBlock('latest'))?.number ?? 0) - USUAL_DEPTH[follow]
    return number < 0 ? undefined : await etherman.getBlock(number)
  }

  /** What is final can be no more than what was read. */
  async #storeFinality(position: number): Promise<void> {
    const { db, etherman } = this.#deps
    const [safe, finalized] = await Promise.all([etherman.getBlock('safe'), etherman.getBlock('finalized')])
    const l1 = { safe: Math.min(position, safe?.number ?? 0), finalized: Math.min(position, finalized?.number ?? 0) }
    if (l1.safe === this.#finality.safe && l1.finalized === this.#finality.finalized) return
    await setFinality(db, l1)
    this.#finality = l1
  }

  async #applyRange({ fromBlock, toBlock, end, found }: ReadRange, target: number): Promise<number> {
    const { db } = this.#deps
    const [before] = await findNewestL1Blocks(db, 1)
    // The same blocks on both sides, before and after: the events in between are of the chain that was read so far.
    const isSameStart = async () =>
      before === undefined || end?.parentHash === before.hash || (await this.#isOnChain(before))
    const isSameEnd = async () => end !== undefined && (await this.#isOnChain({ blockNumber: toBlock, hash: end.hash }))
    const [sameStart, sameEnd] = await Promise.all([isSameStart(), isSameEnd()])
    if (end === undefined || !sameStart || !sameEnd)
      throw new L1MovedError('L1 changed while it was read.', { facts: { fromBlock, toBlock } })
    for (const block of found) await this.#applyBlock(block, target)
    await db.transaction(async (tx) => {
      if (found.at(-1)?.block.number !== toBlock) await storeL1Block(tx, end, false)
      await setCursor(tx, toBlock, target)
      // Mined where a reorg came before us: nothing of ours is undone, but the senders have to send again.
      const lost = await reopenLostTransactions(tx)
      if (lost.length > 0) await this.#signal(tx, WAKE_SENDERS)
    })
    return toBlock
  }

  /** @throws {L1MovedError} when what does not fit is no longer on L1 */
  async #applyBlock({ block, events }: L1BlockEvents, target: number): Promise<void> {
    const { db, etherman, network, isReader = false, logger } = this.#deps
    const readAccInputHash = (toBatch: number) => readAccInputHashOf(etherman, toBatch, block.number)
    const fromL1 = { readAccInputHash, readPendingStateTimeout: () => etherman.readPendingStateTimeout() }
    try {
      await db.transaction(async (tx) => {
        await storeL1Block(tx, block, true)
        const signal = (signals: readonly NewSignal[]) => this.#signal(tx, signals)
        const context = {
          tx,
          block,
          network: { ...network, isReader },
          infoTree: this.#infoTree,
          tip: this.#tip,
          signal,
          ...fromL1,
        }
        for (const event of events) await applyEvent(context, event)
        await setCursor(tx, block.number, target)
      })
    } catch (cause) {
      if (await this.#isOnChain({ blockNumber: block.number, hash: block.hash })) throw cause
      throw new L1MovedError('L1 dropped a block while it was applied.', { cause, facts: { l1Block: block.number } })
    }
    logger.info({ l1Block: block.number, events: events.map(({ kind }) => kind) }, 'L1 block applied')
  }

  /**
   * Compares the newest stored block with the chain; after a reorg, goes back to the newest one they share. Blocks above
   * the head are not compared: the endpoint may be behind, and a chain that replaced them grows past them.
   */
  async #undoReorg(head: L1Block | undefined): Promise<void> {
    const { db, network, isReader = false, logger } = this.#deps
    const target = head?.number ?? 0
    const [newest] = await findNewestL1Blocks(db, 1, target + 1)
    if (newest === undefined || newest.hash === head?.parentHash || (await this.#isOnChain(newest))) return
    const common = await this.#findCommonBlock(newest.blockNumber)
    const position = await findBlockBeforeRollbacks(db, common ?? network.l1StartBlock - 1)
    const affected = await db.transaction(async (tx) => {
      const upgraded = await findFirstUpgradedBatch(tx, position)
      const batches = await deleteL1BlocksAbove(tx, position)
      if (upgraded !== undefined) {
        const forkId = await findForkId(tx, upgraded, network.forkId)
        await applyForkUpgrade(tx, { ...network, isReader }, { fromBatch: upgraded, forkId }) // back to the fork before it
      }
      await setCursor(tx, position, target)
      await this.#tellReorg(tx, batches, position + 1)
      return batches
    })
    logger.warn(
      { from: newest.blockNumber, to: position, batches: affected },
      'L1 reorganized; what it removed is undone',
    )
    this.#deps.onReorg?.()
  }

  /**
   * Undoes batches that rest on what a reorg took from L1. Not before L1 is read to its end: what was taken may have come
   * back as it was.
   */
  async #undoUnfounded(): Promise<void> {
    const { db, isReader, logger } = this.#deps
    if ((await findFirstUnfoundedBatch(db)) === undefined) return
    const fromBatch = await db.transaction(async (tx) => {
      if (isReader !== true) await takeLease(tx, SEQUENCER_LEASE)
      const first = await findFirstUnfoundedBatch(tx)
      if (first !== undefined) await undoTrustedBatches(tx, { fromBatch: first, reason: UNFOUNDED, isReader })
      return first
    })
    logger.warn({ fromBatch }, 'batches that rest on what L1 took back are undone')
  }

  async #findCommonBlock(below: number): Promise<number | undefined> {
    const stored = await findNewestL1Blocks(this.#deps.db, STORED_BLOCKS_PAGE, below)
    for (const block of stored) if (await this.#isOnChain(block)) return block.blockNumber
    return stored.length === 0 ? undefined : await this.#findCommonBlock(stored.at(-1)!.blockNumber)
  }

  async #isOnChain({ blockNumber, hash }: { blockNumber: number; hash: string }): Promise<boolean> {
    return (await this.#deps.etherman.getBlock(blockNumber))?.hash === hash
  }

  async #tellReorg(tx: Queryable, affected: readonly BatchNumber[], fromL1Block: number): Promise<void> {
    const signals: NewSignal[] = []
    for (const batchNumber of affected) {
      const to = { workflowId: batchWorkflowId(batchNumber), batchNumber }
      signals.push({ ...to, signal: l1Reorged.name, args: [{ fromL1Block }] })
      // Only its verification is gone: when it was done with, it needs its workflow again, from there.
      const { virtual } = await findBatchOnL1(tx, batchNumber)
      if (virtual !== undefined) signals.push({ ...to, signal: l1Virtualized.name, args: [virtual] })
    }
    await this.#signal(tx, [...signals, ...WAKE_SENDERS])
  }

  async #signal(tx: Queryable, signals: readonly NewSignal[]): Promise<void> {
    if (this.#deps.isReader !== true) await insertSignals(tx, signals)
  }
}

/** Undefined when the sequence was rolled back later: then the contract has nothing to compare with. */
async function readAccInputHashOf(etherman: Etherman, toBatch: number, l1Block: number): Promise<Hash | undefined> {
  const { accInputHash } = await etherman.readSequencedBatches(toBatch)
  if (accInputHash !== ZERO_HASH || !(await etherman.isRolledBack(toBatch, l1Block))) return accInputHash
  return undefined
}
