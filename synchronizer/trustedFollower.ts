import { equalBytes } from '#common/bytes.ts'
import type { Logger } from '#common/logger.ts'
import {
  type BatchRow,
  type ClosedBatchRow,
  closeBatch,
  findLastClosedBatch,
  findOpenBatch,
  growBatch,
  openBatch,
  readBatchL2Data,
} from '#db/batches.ts'
import { storeBlock } from '#db/blocks.ts'
import type { Database, Queryable } from '#db/client.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { findInfoLeafCount, findLastInfoRoot, findLastVirtualBatch } from '#db/l1.ts'
import { findForcedBatches } from '#db/sequencePlan.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { EMPTY_TREE_ROOT } from '#protocol/keccakTree.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { ChainTip } from './chainTip.ts'
import { TrustedStateMismatchError } from './errors.ts'
import { appendBatches, type Network, readContent, readLeaves, type SequencedOnL1 } from './executeSequenced.ts'
import type { TrustedBatch, TrustedSequencer } from './trustedSequencer.ts'

type Dependencies = {
  db: Database
  sequencer: TrustedSequencer
  network: Network
  /** Shared with the reader of L1, which must not run at the same time. */
  tip: ChainTip
  logger: Logger
}

const CLOSING_REASON = 'Sync L2: trusted'
/** Batches asked for at once while far behind. */
const READ_AHEAD = 8

/** What became of a look at the sequencer. `behind`: L1 has to be read further first. */
export type TrustedProgress = { batchNumber: number; state: 'following' | 'behind' | 'disagreeing' }

/**
 * Takes batches from the trusted sequencer before they are on L1, block by block while they are open. Every block is
 * executed here; of the sequencer's word only content and order are taken. L1 wins: what it has otherwise replaces what
 * came from here (applyBatch.ts), and a sequencer that disagrees with L1 is not followed until it agrees.
 */
export class TrustedFollower {
  readonly #deps: Dependencies
  /** Root after the last closed batch that the sequencer has too. */
  #agreed: Hash | undefined
  #state: TrustedProgress['state'] = 'following'
  /** What was refused last: it is asked for again and again, and logged once. */
  #refused: string | undefined

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Follows up to the sequencer's newest block. @throws {TrustedSequencerError} */
  async poll(signal?: AbortSignal): Promise<TrustedProgress> {
    for (let count = 1; !signal?.aborted; ) {
      const last = await findLastClosedBatch(this.#deps.db)
      // Batch 1 is L1's.
      if (last === undefined || last.batchNumber < 1) return this.#report(0, 'behind')
      if (last.stateRoot !== this.#agreed) {
        if (!(await this.#agreeOn(last))) return this.#report(last.batchNumber, 'disagreeing')
        continue // the last batch may be another one now
      }
      const numbers = Array.from({ length: count }, (_, index) => last.batchNumber + 1 + index)
      const found = await Promise.all(numbers.map((number) => this.#deps.sequencer.readBatch(number)))
      const closed = found.findIndex((batch) => batch?.closed !== true)
      const whole = (closed < 0 ? found : found.slice(0, closed)) as TrustedBatch[]
      const next = closed < 0 ? undefined : found[closed]
      const isBehind = !(await this.#take(last, whole, next))
      if (isBehind || closed >= 0)
        return this.#report(last.batchNumber + (isBehind ? 0 : whole.length), this.#stateAfter(isBehind))
      count = READ_AHEAD
    }
    return { batchNumber: 0, state: this.#state }
  }

  #stateAfter(isBehind: boolean): TrustedProgress['state'] {
    if (this.#agreed === undefined) return 'disagreeing'
    return isBehind ? 'behind' : 'following'
  }

  #report(batchNumber: number, state: TrustedProgress['state']): TrustedProgress {
    if (state !== this.#state) {
      const facts = { batchNumber, was: this.#state, now: state }
      if (state === 'disagreeing')
        this.#deps.logger.warn(facts, 'the trusted sequencer has another chain than L1 or than it says')
      else this.#deps.logger.info(facts, 'following the trusted sequencer')
    }
    this.#state = state
    return { batchNumber, state }
  }

  /**
   * Goes back to the newest batch that the sequencer has as we do, but never behind what L1 has. False when L1 has
   * another chain than the sequencer.
   */
  async #agreeOn(last: ClosedBatchRow): Promise<boolean> {
    const { db, sequencer, logger } = this.#deps
    const virtual = (await findLastVirtualBatch(db))?.batchNumber ?? 0
    this.#agreed = undefined
    for (let number: number = last.batchNumber; ; number--) {
      const theirs = await sequencer.readBatch(number)
      const ours = await this.#rootOf(number)
      // One that is behind has nothing that disagrees.
      const isSame = theirs === undefined || !theirs.closed || theirs.stateRoot === ours
      if (!isSame && number <= virtual) return false
      if (!isSame && number > virtual + 1) continue
      const kept = isSame ? number : virtual
      if (kept < last.batchNumber) {
        await db.transaction((tx) => deleteBatchesFrom(tx, BatchNumber(kept + 1)))
        logger.warn({ fromBatch: kept + 1, toBatch: last.batchNumber }, 'the trusted sequencer replaced batches')
      }
      if (isSame) this.#agreed = await this.#rootOf(kept)
      return isSame || (await this.#agreeOn((await findLastClosedBatch(db))!))
    }
  }

  async #rootOf(batchNumber: number): Promise<Hash> {
    const [row] = await this.#deps.db.query.batches.findMany({
      columns: { stateRoot: true },
      where: (table, { eq }) => eq(table.batchNumber, BatchNumber(batchNumber)),
    })
    return row?.stateRoot ?? ZERO_HASH
  }

  /** False when L1 has to be read further before these can be executed, or when they are not what they are said to be. */
  async #take(last: ClosedBatchRow, closed: readonly TrustedBatch[], open: TrustedBatch | undefined): Promise<boolean> {
    try {
      const begun = await findOpenBatch(this.#deps.db)
      for (const [index, batch] of closed.entries()) {
        const isTaken =
          index === 0 && begun !== undefined && begun.blockCount > 0 && batch.forcedBatchNumber === undefined
            ? await this.#grow(last, batch)
            : await this.#append(batch)
        if (!isTaken) return false
      }
      const before = closed.length === 0 ? last : await findLastClosedBatch(this.#deps.db)
      return open === undefined || (await this.#grow(before!, open))
    } catch (error) {
      if (!(error instanceof TrustedStateMismatchError)) throw error
      if (this.#refused !== error.message) this.#deps.logger.warn({ err: error }, 'a batch of the sequencer is refused')
      this.#refused = error.message
      this.#agreed = undefined
      return false
    }
  }

  /** A closed batch of which nothing is here yet. */
  async #append(batch: TrustedBatch): Promise<boolean> {
    const { db, tip, network } = this.#deps
    return await db.transaction(async (tx) => {
      const inputs = await this.#inputsOf(tx, batch)
      if (inputs === undefined) return false
      const open = await findOpenBatch(tx)
      if (open !== undefined) await deleteBatchesFrom(tx, open.batchNumber)
      const { stateRoot } = await appendBatches(tx, tip, [inputs], {
        ...{ network, oldAccInputHash: ZERO_HASH, closingReason: CLOSING_REASON },
      })
      assertRoot(batch, stateRoot)
      this.#agreed = stateRoot
      return true
    })
  }

  /** As L1 will have it. Undefined while the State DB lacks something of L1 that the batch rests on. */
  async #inputsOf(tx: Queryable, batch: TrustedBatch): Promise<SequencedOnL1 | undefined> {
    const { batchNumber, batchL2Data, coinbase, timestamp, forcedBatchNumber } = batch
    const common = { batchNumber, batchL2Data, coinbase, sequencer: coinbase }
    if (forcedBatchNumber !== undefined) {
      const [forced] = await findForcedBatches(tx, [forcedBatchNumber])
      if (forced === undefined) return undefined
      const { forcedGlobalExitRoot: l1InfoRoot, forcedTimestamp: timestampLimit, forcedBlockHashL1 } = forced
      return { ...common, l1InfoRoot, timestampLimit, forcedBlockHashL1, forcedBatchNumber, kind: 'forced' }
    }
    const l1InfoRoot = (await findLastInfoRoot(tx)) ?? EMPTY_TREE_ROOT
    const inputs = {
      ...common,
      l1InfoRoot,
      forcedBlockHashL1: ZERO_HASH,
      timestampLimit: timestamp,
      kind: 'synced',
    } as const
    const leafCount = (await findInfoLeafCount(tx, l1InfoRoot)) ?? 0
    const { markers } = readContent(inputs, await findForkId(tx, batchNumber, this.#deps.network.forkId))
    return markers.some(({ indexL1InfoTree }) => indexL1InfoTree >= leafCount && indexL1InfoTree > 0)
      ? undefined
      : inputs
  }

  /** Adds the blocks of a batch that are new, and closes it when the sequencer has. */
  async #grow(before: ClosedBatchRow, batch: TrustedBatch): Promise<boolean> {
    const { db } = this.#deps
    return await db.transaction(async (tx) => {
      const inputs = await this.#inputsOf(tx, batch)
      if (inputs === undefined) return false
      let open = await findOpenBatch(tx)
      let known = open === undefined ? new Uint8Array() : await readBatchL2Data(tx, open)
      if (!equalBytes(batch.batchL2Data.subarray(0, known.length), known)) {
        await deleteBatchesFrom(tx, batch.batchNumber)
        open = undefined
        known = new Uint8Array()
      }
      const tail = batch.batchL2Data.subarray(known.length)
      if (tail.length > 0) await this.#execute(tx, before, open, { ...inputs, batchL2Data: tail })
      if (batch.closed) await this.#close(tx, batch)
      return true
    })
  }

  async #execute(
    tx: Queryable,
    before: ClosedBatchRow,
    open: BatchRow | undefined,
    tail: SequencedOnL1,
  ): Promise<void> {
    const { tip, network } = this.#deps
    const { chainId } = network
    const { batchNumber, coinbase } = tail
    const forkId = await findForkId(tx, batchNumber, network.forkId)
    let parent = await tip.begin(tx)
    const { items, senders, markers } = readContent(tail, forkId)
    const result = await executeBatch(
      {
        ...{ ...tail, forkId, chainId, items, senders, oldAccInputHash: ZERO_HASH },
        oldStateRoot: parent.batchNumber === batchNumber ? parent.stateRoot : before.stateRoot,
        timestampLimit: Number.MAX_SAFE_INTEGER, // L1 will be told the time of the last block
        l1InfoTreeData: await readLeaves(tx, markers, tail.l1InfoRoot, forkId),
        ...{ skipVerifyL1InfoRoot: true, counterLimits: null }, // of a part of a batch
      },
      { reader: tip.reader, store: tip.nodes },
    )
    // Blocks would not be those of the data any more: such a batch is taken when it is closed, or from L1.
    if (result.invalid !== undefined || result.skipped.length > 0)
      throw new TrustedStateMismatchError('The trusted sequencer has a block that cannot be.', {
        facts: { batchNumber, reason: result.invalid?.message ?? result.skipped[0]!.error },
      })
    tip.add(result.blocks)
    if (open === undefined) await openBatch(tx, { batchNumber, kind: 'synced', forkId, coinbase })
    for (const [index, block] of result.blocks.entries()) {
      parent = await storeBlock(tx, toStoredBlock(block, { batchNumber, parent, marker: markers[index] }))
      const { receipts, timestamp } = block
      await growBatch(tx, batchNumber, { txCount: receipts.length, timestamp, counters: result.counters })
    }
    tip.stored(parent.hash)
  }

  async #close(tx: Queryable, { batchNumber, batchL2Data, ...batch }: TrustedBatch): Promise<void> {
    const { tip } = this.#deps
    const { stateRoot, timestamp } = await tip.begin(tx)
    assertRoot({ ...batch, batchNumber }, stateRoot)
    await closeBatch(tx, {
      ...{ batchNumber, batchL2Data, stateRoot, lastTimestamp: timestamp, checked: true },
      closingReason: CLOSING_REASON,
      localExitRoot: await tip.readLocalExitRoot(),
    })
    this.#agreed = stateRoot
  }
}

/** @throws {TrustedStateMismatchError} when the sequencer says that a batch leads elsewhere than it does */
function assertRoot(
  { batchNumber, stateRoot: said }: Pick<TrustedBatch, 'batchNumber' | 'stateRoot'>,
  computed: Hash,
): void {
  if (said !== computed)
    throw new TrustedStateMismatchError('The trusted sequencer says another state than its batch gives.', {
      facts: { batchNumber, said, computed },
    })
}
