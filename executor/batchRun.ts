import { NodeError } from '#common/errors.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { getForkRules, UnsupportedForkError } from '#protocol/forks.ts'
import { l1InfoLeafHash, verifyL1InfoProof } from '#protocol/l1InfoTree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import { findSender } from '#protocol/transaction.ts'
import {
  type BlockBuilder,
  type BlockOpening,
  type BlockRefusal,
  BlockRefusedError,
  type L1Info,
  type L2BlockResult,
  openBlock,
} from './blockBuilder.ts'
import { CounterModel } from './counters/counterModel.ts'
import type { CounterMeasure } from './counters/meter.ts'
import { addCounters, findExhaustedCounter, NO_COUNTERS, subtractCounters } from './counters/zkCounters.ts'
import type { ExecuteBatchInput } from './executeBatch.ts'
import type { IntrinsicError } from './intrinsic.ts'
import { OverlayNodeStore } from './overlayNodeStore.ts'
import type { StateReader } from './stateReader.ts'
import { WorldState } from './worldState.ts'

/** The batch names a leaf the caller did not give. */
export class MissingL1InfoLeafError extends NodeError {
  override readonly name = 'MissingL1InfoLeafError'
}
/** A leaf does not lead to the batch's l1InfoRoot: no proof of such a batch exists. */
export class InvalidL1InfoProofError extends NodeError {
  override readonly name = 'InvalidL1InfoProofError'
}

/** Why a batch changes nothing. */
export type BatchInvalidReason = 'malformed-data' | BlockRefusal | 'out-of-counters'

/** The batch is void, and the state as before it. */
export class VoidBatch {
  readonly reason: BatchInvalidReason
  readonly message: string

  constructor(reason: BatchInvalidReason, message: string) {
    this.reason = reason
    this.message = message
  }
}

type TransactionItem = Extract<BatchItem, { kind: 'transaction' }> & { sender: Address | undefined; index: number }
type BlockItem = Extract<BatchItem, { kind: 'changeL2Block' }>
/** With what reading it takes. */
type Item = (TransactionItem | BlockItem) & { reading: ZkCounters }

export type BatchRunOptions = {
  measure: CounterMeasure
  /** Level of the deepest leaf of the state tree, as far as known. */
  treeDepth: number
}

/** One batch on its way through the executor. */
export class BatchRun {
  readonly world: WorldState
  readonly blocks: L2BlockResult[] = []
  readonly skipped: { index: number; error: IntrinsicError }[] = []
  stateRoot: Hash
  readonly #input: ExecuteBatchInput
  readonly #store: OverlayNodeStore
  readonly #model: CounterModel
  readonly #countedDepth: number
  #open: BlockBuilder | undefined
  /** Of the batch, of closed blocks, and of reading the items no block has counted. */
  #used: ZkCounters
  #treeDepth = 0

  constructor(
    input: ExecuteBatchInput,
    { reader, store }: { reader: StateReader; store: NodeStore },
    { measure, treeDepth }: BatchRunOptions = { measure: 'estimate', treeDepth: 0 },
  ) {
    this.#input = input
    this.#countedDepth = treeDepth
    this.world = new WorldState(reader, { maxEntries: Number.POSITIVE_INFINITY })
    this.#store = new OverlayNodeStore(store)
    this.stateRoot = input.oldStateRoot
    const rules = getForkRules(input.forkId)
    if (!rules.changeL2Block)
      throw new UnsupportedForkError('Batches of this fork are not executed.', { facts: { forkId: input.forkId } })
    this.#model = new CounterModel(rules, measure)
    this.#used = this.#model.batch(treeDepth, input.batchL2Data.length)
  }

  /** Whether blocks reached deeper into the tree than they were counted for. */
  get isDeeperThanCounted(): boolean {
    return this.#model.executionLevels(this.#treeDepth) > this.#model.executionLevels(this.#countedDepth)
  }

  /** Level of the deepest leaf on the paths that closed blocks changed. */
  get treeDepth(): number {
    return this.#treeDepth
  }

  /** So far; of a void batch until it was given up. */
  get counters(): ZkCounters {
    return addCounters(this.#used, this.#open?.counters ?? NO_COUNTERS)
  }

  get #isForced(): boolean {
    return this.#input.forcedBlockHashL1 !== ZERO_HASH
  }

  /** @throws {VoidBatch} */
  async run(): Promise<void> {
    const items = this.#read()
    const firstMarker = this.#isForced ? items.findIndex(({ kind }) => kind === 'changeL2Block') : -1
    const refusesUnread = firstMarker >= 0 && this.#input.forkId !== RUNS_UP_TO_MARKER
    for (const { reading } of refusesUnread ? items.slice(0, firstMarker) : items) this.#count(reading)
    if (refusesUnread) throw refusedMarker()
    if (items.length === 0) return
    await this.#prefetch(items)
    if (this.#isForced) await this.#openBlock(this.#forcedOpening())
    for (const item of items) {
      if (item.kind === 'changeL2Block') {
        if (this.#isForced) throw refusedMarker()
        await this.#closeBlock()
        await this.#openBlock(this.#opening(item))
        this.#uncount(item.reading)
      } else await this.#execute(item)
    }
    await this.#closeBlock()
    this.#assertFits()
  }

  #count(counters: ZkCounters): void {
    this.#used = addCounters(this.#used, counters)
  }

  /** The open block has counted it. */
  #uncount(counters: ZkCounters): void {
    this.#used = subtractCounters(this.#used, counters)
  }

  #read(): Item[] {
    const { batchL2Data, forkId, chainId, senders } = this.#input
    let index = 0
    const form = { forkId, forced: this.#isForced, anyOrder: this.#isForced }
    const items = this.#input.items ?? decodeOrVoid(batchL2Data, form)
    return items.map((item) => {
      if (item.kind === 'changeL2Block') return { ...item, reading: this.#model.marker() }
      const { counters: reading } = this.#model.parse(item.transaction, chainId)
      const sender = senders?.[index] ?? findSender(item.transaction)
      return { ...item, sender, index: index++, reading }
    })
  }

  async #prefetch(items: readonly Item[]): Promise<void> {
    const transactions = items.filter((item) => item.kind === 'transaction')
    const senders = transactions.flatMap(({ sender }) => sender ?? [])
    const targets = transactions.flatMap(({ transaction: { to } }) => to ?? [])
    await this.world.prefetch([this.#input.coinbase, SYSTEM_CONTRACT, L2_GLOBAL_EXIT_ROOT_MANAGER, ...senders], targets)
  }

  #forcedOpening(): BlockOpening {
    const { timestampLimit, l1InfoRoot, forcedBlockHashL1 } = this.#input
    return { kind: 'forced', timestampLimit, globalExitRoot: l1InfoRoot, forcedBlockHashL1 }
  }

  #opening({ deltaTimestamp, indexL1InfoTree }: BlockItem): BlockOpening {
    const { timestampLimit } = this.#input
    const l1Info = indexL1InfoTree === 0 ? undefined : this.#l1Info(indexL1InfoTree)
    return { kind: 'changeL2Block', deltaTimestamp, timestampLimit, l1Info }
  }

  #l1Info(index: number): L1Info {
    const { l1InfoTreeData, l1InfoRoot, skipVerifyL1InfoRoot = false } = this.#input
    const entry = l1InfoTreeData.get(index)
    if (entry === undefined) throw new MissingL1InfoLeafError('No data for the L1 info leaf.', { facts: { index } })
    const { globalExitRoot, blockHashL1, minTimestamp, proof } = entry
    if (proof === undefined || skipVerifyL1InfoRoot) return entry
    const leaf = l1InfoLeafHash({ globalExitRoot, blockHashL1, timestamp: minTimestamp })
    if (!verifyL1InfoProof({ leaf, index, proof, root: l1InfoRoot }))
      throw new InvalidL1InfoProofError('L1 info leaf is not in the tree.', { facts: { index, l1InfoRoot } })
    return entry
  }

  async #openBlock(opening: BlockOpening): Promise<void> {
    const { forkId, chainId, coinbase } = this.#input
    const counting = { counterModel: this.#model, treeDepth: this.#countedDepth }
    const input = { forkId, chainId, coinbase, parentStateRoot: this.stateRoot, opening, ...counting }
    try {
      this.#open = await openBlock(input, { world: this.world, store: this.#store })
    } catch (error) {
      if (!(error instanceof BlockRefusedError)) throw error
      const info = opening.kind === 'changeL2Block' && opening.l1Info !== undefined
      this.#count(this.#model.block(this.#countedDepth, { marker: false, info }))
      throw new VoidBatch(error.reason, error.message)
    }
  }

  async #execute({ transaction, sender, effectivePercentage, index, reading }: TransactionItem & Item): Promise<void> {
    const result =
      sender === undefined
        ? { kind: 'invalid' as const, error: 'INTRINSIC_INVALID_SIGNATURE' as const }
        : await this.#open!.execute(transaction, sender, effectivePercentage)
    if (result.kind === 'invalid') this.skipped.push({ index, error: result.error })
    else this.#uncount(reading)
    this.#assertFits()
  }

  async #closeBlock(): Promise<void> {
    if (this.#open === undefined) return
    const block = await this.#open.close()
    this.#store.add(block.newNodes)
    this.#count(block.counters)
    this.#treeDepth = Math.max(this.#treeDepth, block.treeDepth)
    this.stateRoot = block.stateRoot
    this.blocks.push(block)
    this.#open = undefined
  }

  #assertFits(): void {
    const { counterLimits, forkId } = this.#input
    if (counterLimits === null) return
    const limits = counterLimits ?? getForkRules(forkId).counterBudget
    if (limits === undefined) return
    const counter = findExhaustedCounter(this.counters, limits)
    if (counter !== undefined) throw new VoidBatch('out-of-counters', `The batch uses too many ${counter}.`)
  }
}

/** The reference of this fork reads a forced batch to its end and runs it up to a marker; later ones read up to it. */
const RUNS_UP_TO_MARKER = 7

function refusedMarker(): VoidBatch {
  return new VoidBatch('malformed-data', 'A forced batch holds no block marker.')
}

type BatchForm = Parameters<typeof decodeBatchL2Data>[1]

function decodeOrVoid(batchL2Data: Uint8Array, form: BatchForm): BatchItem[] {
  try {
    return decodeBatchL2Data(batchL2Data, form)
  } catch (error) {
    if (error instanceof BatchDecodeError) throw new VoidBatch('malformed-data', error.message)
    throw error
  }
}
