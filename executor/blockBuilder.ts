import { NodeError } from '#common/errors.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import type { NodeStore, StoredNode } from '#merkletree/nodeStore.ts'
import { updateTree } from '#merkletree/tree.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { effectiveGasPrice } from '#protocol/effectiveGasPrice.ts'
import { type ForkRules, getForkRules } from '#protocol/forks.ts'
import { type Address, BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import {
  BLOCK_INFO_ROOT_SLOT,
  blockHashSlot,
  globalExitRootSlot,
  L2_GLOBAL_EXIT_ROOT_MANAGER,
  LAST_BLOCK_NUMBER_SLOT,
  LAST_TIMESTAMP_SLOT,
  SYSTEM_CONTRACT,
} from '#protocol/systemContract.ts'
import { encodeL2HashPreimage, type Transaction, transactionHash } from '#protocol/transaction.ts'
import { blockInfoRoot, gasUsedLeaf, headerLeaves, receiptLeaves } from './blockInfoTree.ts'
import { CounterModel } from './counters/counterModel.ts'
import { addCounters, findExhaustedCounter } from './counters/zkCounters.ts'
import type { BlockContext } from './evm/interpreter.ts'
import type { Pace } from './evm/pace.ts'
import type { Tracer } from './evm/tracer.ts'
import type { IntrinsicError } from './intrinsic.ts'
import { type MessageResult, runTransaction } from './runTransaction.ts'
import { hashToWord } from './words.ts'
import type { StateDiff, WorldState } from './worldState.ts'

/** Why a block may not be; in a batch it makes the whole batch change nothing. */
export type BlockRefusal = 'timestamp-above-limit' | 'timestamp-below-l1-info' | 'empty-l1-info-leaf'

/** The block breaks a rule of its batch. Whoever proposed it must propose another. */
export class BlockRefusedError extends NodeError {
  override readonly name = 'BlockRefusedError'
  readonly reason: BlockRefusal

  constructor(reason: BlockRefusal, facts: Record<string, number>) {
    super(`Block refused: ${reason}.`, { facts })
    this.reason = reason
  }
}

/** A leaf of the L1 info tree. `minTimestamp`: earliest time of a block that uses it, seconds. */
export type L1Info = { globalExitRoot: Hash; blockHashL1: Hash; minTimestamp: number }

/** How the block begins. Times in seconds. */
export type BlockOpening =
  | { kind: 'changeL2Block'; deltaTimestamp: number; timestampLimit: number; l1Info?: L1Info | undefined }
  | { kind: 'forced'; timestampLimit: number; globalExitRoot: Hash; forcedBlockHashL1: Hash }

export type OpenBlockInput = {
  forkId: number
  chainId: number
  coinbase: Address
  /** State root the world is at: hash of the block before. */
  parentStateRoot: Hash
  opening: BlockOpening
  /** What the batch has used before this block; counters of an empty batch when left out. */
  batch?: BatchUse | undefined
  /** Limit on the counters of the batch; none when left out. */
  counterLimits?: ZkCounters | undefined
  /** Level of the deepest leaf of the state tree before the block, as far as known: what reading it costs. 0 by default. */
  treeDepth?: number | undefined
  /** How counters are counted; by default the estimate. */
  counterModel?: CounterModel | undefined
}

/** Counters of the blocks of a batch, and the bytes they take in batchL2Data. */
export type BatchUse = { counters: ZkCounters; sizeBytes: number }

export type ReceiptLog = { address: Address; topics: readonly Hash[]; data: Uint8Array; logIndex: number }

export type Receipt = {
  transaction: Transaction
  sender: Address
  txHash: Hash
  /** Linear Poseidon of the transaction, as the block info tree holds it. */
  l2TxHash: Hash
  status: 0 | 1
  gasUsed: number
  /** Within the block. */
  cumulativeGasUsed: number
  logs: readonly ReceiptLog[]
  /** Set for a deployment, also when it failed. */
  contractAddress: Address | undefined
  /** wei per gas */
  effectiveGasPrice: bigint
  /** 0..255 */
  effectivePercentage: number
  counters: ZkCounters
  returnData: Uint8Array
  error: string | undefined
}

export type ExecuteResult =
  | { kind: 'included'; receipt: Receipt }
  | { kind: 'invalid'; error: IntrinsicError }
  | { kind: 'out-of-counters'; counter: keyof ZkCounters }

/** A consolidated L2 block with what has to be stored of it. */
export type L2BlockResult = {
  number: BlockNumber
  /** seconds */
  timestamp: number
  coinbase: Address
  gasLimit: bigint
  /** State root before the block, which is the hash of the block before. */
  parentStateRoot: Hash
  /** State root after the block, which is its hash in the protocol. */
  stateRoot: Hash
  blockInfoRoot: Hash
  /** Brought by the block, ZERO_HASH when it brings none. */
  globalExitRoot: Hash
  l1BlockHash: Hash
  gasUsed: number
  receipts: readonly Receipt[]
  stateDiff: StateDiff
  newNodes: StoredNode[]
  /** Level of the deepest leaf on the paths the block changed. */
  treeDepth: number
  /** Of the block marker and the transactions. */
  counters: ZkCounters
}

/** Who watches a transaction run, and who may end it. */
export type Watch = { tracer?: Tracer | undefined; pace?: Pace | undefined }

type Dependencies = {
  /** At the state of `parentStateRoot`. Belongs to the builder until the block is closed or discarded. */
  world: WorldState
  /** Must hold the tree of `parentStateRoot`, nodes of unstored blocks included. */
  store: NodeStore
}

/**
 * Opens an L2 block. @throws {BlockRefusedError} with the world unchanged
 */
export async function openBlock(input: OpenBlockInput, { world, store }: Dependencies): Promise<BlockBuilder> {
  world.beginBlock()
  try {
    const header = await writeOpening(input, world)
    return new BlockBuilder(input, header, { world, store })
  } catch (error) {
    world.discardBlock()
    throw error
  }
}

type Header = { number: number; timestamp: number; globalExitRoot: Hash; l1BlockHash: Hash }

async function readSystemSlot(world: WorldState, address: Address, slot: Hash) {
  const key = hashToWord(slot)
  await world.prefetchSlots([{ address, slot: key }])
  return world.slot(world.account(address), key)
}

async function writeOpening({ opening, parentStateRoot, forkId }: OpenBlockInput, world: WorldState): Promise<Header> {
  const [numberSlot, timestampSlot] = [
    await readSystemSlot(world, SYSTEM_CONTRACT, LAST_BLOCK_NUMBER_SLOT),
    await readSystemSlot(world, SYSTEM_CONTRACT, LAST_TIMESTAMP_SLOT),
  ]
  const last = { number: Number(numberSlot.value), timestamp: Number(timestampSlot.value) }
  const timestamp = blockTimestamp(opening, last.timestamp, getForkRules(forkId))
  const hashSlot = await readSystemSlot(world, SYSTEM_CONTRACT, blockHashSlot(last.number))
  world.setStorage(hashSlot, hashToWord(parentStateRoot))
  world.setStorage(numberSlot, BigInt(last.number + 1))
  world.setStorage(timestampSlot, BigInt(timestamp))
  const { globalExitRoot, l1BlockHash } = broughtExitRoot(opening)
  if (globalExitRoot !== ZERO_HASH) {
    const slot = await readSystemSlot(world, L2_GLOBAL_EXIT_ROOT_MANAGER, globalExitRootSlot(globalExitRoot))
    if (slot.value === 0n) world.setStorage(slot, hashToWord(l1BlockHash))
  }
  return { number: last.number + 1, timestamp, globalExitRoot, l1BlockHash }
}

function blockTimestamp(opening: BlockOpening, last: number, rules: ForkRules): number {
  if (opening.kind === 'forced') return Math.max(last, opening.timestampLimit)
  const { deltaTimestamp, timestampLimit, l1Info } = opening
  const timestamp = last + deltaTimestamp
  if (timestamp > timestampLimit) throw new BlockRefusedError('timestamp-above-limit', { timestamp, timestampLimit })
  if (l1Info === undefined) return timestamp
  const { globalExitRoot, blockHashL1, minTimestamp } = l1Info
  const isEmpty = globalExitRoot === ZERO_HASH && blockHashL1 === ZERO_HASH && minTimestamp === 0
  if (isEmpty && rules.refusesEmptyInfoLeaf) throw new BlockRefusedError('empty-l1-info-leaf', { timestamp })
  if (timestamp < minTimestamp) throw new BlockRefusedError('timestamp-below-l1-info', { timestamp, minTimestamp })
  return timestamp
}

function broughtExitRoot(opening: BlockOpening): { globalExitRoot: Hash; l1BlockHash: Hash } {
  if (opening.kind === 'forced')
    return { globalExitRoot: opening.globalExitRoot, l1BlockHash: opening.forcedBlockHashL1 }
  const { l1Info } = opening
  return { globalExitRoot: l1Info?.globalExitRoot ?? ZERO_HASH, l1BlockHash: l1Info?.blockHashL1 ?? ZERO_HASH }
}

/** An open L2 block. Takes one transaction at a time: await `execute` before the next call. */
export class BlockBuilder {
  readonly number: BlockNumber
  readonly timestamp: number
  readonly #input: OpenBlockInput
  readonly #header: Header
  readonly #rules: ForkRules
  readonly #world: WorldState
  readonly #store: NodeStore
  readonly #receipts: Receipt[] = []
  readonly #model: CounterModel
  readonly #treeDepth: number
  #counters: ZkCounters
  #sizeBytes = 0
  #gasUsed = 0
  #logCount = 0

  /** Use `openBlock`. */
  constructor(input: OpenBlockInput, header: Header, { world, store }: Dependencies) {
    this.number = BlockNumber(header.number)
    this.timestamp = header.timestamp
    this.#input = input
    this.#header = header
    this.#rules = getForkRules(input.forkId)
    this.#world = world
    this.#store = store
    this.#model = input.counterModel ?? new CounterModel(this.#rules)
    this.#treeDepth = input.treeDepth ?? 0
    this.#counters = this.#model.block(this.#treeDepth, {
      marker: input.opening.kind === 'changeL2Block',
      info: input.opening.kind === 'changeL2Block' && input.opening.l1Info !== undefined,
    })
  }

  get receipts(): readonly Receipt[] {
    return this.#receipts
  }

  /** Of the block so far. */
  get counters(): ZkCounters {
    return this.#counters
  }

  get context(): BlockContext {
    const { coinbase, chainId } = this.#input
    return { number: this.number, timestamp: this.timestamp, coinbase, chainId, gasLimit: this.#rules.blockGasLimit }
  }

  /**
   * Runs a transaction and adds it to the block. When it is invalid or does not fit the world is as before.
   * @param effectivePercentage 0..255, share of the gas price that is charged
   * @param sizeBytes of the transaction in the batch; counts towards the counters
   */
  async execute(
    transaction: Transaction,
    sender: Address,
    effectivePercentage: number,
    watch: Watch = {},
  ): Promise<ExecuteResult> {
    const world = this.#world
    const checkpoint = world.checkpoint()
    try {
      const result = await this.#run(transaction, sender, effectivePercentage, watch)
      if (result.kind !== 'included') world.revertTo(checkpoint)
      return result
    } catch (error) {
      world.revertTo(checkpoint)
      throw error
    }
  }

  async #run(
    transaction: Transaction,
    sender: Address,
    effectivePercentage: number,
    watch: Watch,
  ): Promise<ExecuteResult> {
    const meter = this.#model.createMeter()
    const gasPrice = effectiveGasPrice(transaction.gasPrice, effectivePercentage)
    const context = { world: this.#world, rules: this.#rules, block: this.context, counters: meter, ...watch }
    const outcome = await runTransaction(context, transaction, sender, gasPrice)
    if (outcome.kind === 'invalid') return outcome
    const parsed = this.#model.parse(transaction, this.#input.chainId)
    const counters = addCounters(meter.total(this.#model.executionLevels(this.#treeDepth)), parsed.counters)
    const exhausted = this.#findExhausted(addCounters(this.#counters, counters), this.#sizeBytes + parsed.sizeBytes)
    if (exhausted !== undefined) return { kind: 'out-of-counters', counter: exhausted }
    this.#counters = addCounters(this.#counters, counters)
    this.#sizeBytes += parsed.sizeBytes
    const receipt = this.#receipt(transaction, sender, { effectivePercentage, gasPrice, counters }, outcome.result)
    this.#receipts.push(receipt)
    return { kind: 'included', receipt }
  }

  #findExhausted(block: ZkCounters, sizeBytes: number): keyof ZkCounters | undefined {
    const { batch, counterLimits } = this.#input
    if (counterLimits === undefined) return undefined
    const used = batch === undefined ? block : addCounters(batch.counters, block)
    const length = (batch?.sizeBytes ?? 0) + sizeBytes
    return findExhaustedCounter(addCounters(used, this.#model.batch(this.#treeDepth, length)), counterLimits)
  }

  #receipt(
    transaction: Transaction,
    sender: Address,
    charged: { effectivePercentage: number; gasPrice: bigint; counters: ZkCounters },
    result: MessageResult,
  ): Receipt {
    this.#gasUsed += result.gasUsed
    const logs = result.success ? result.logs.map((log) => ({ ...log, logIndex: this.#logCount++ })) : []
    const keepsStatus = result.disabledPrecompile && this.#rules.disabledPrecompileKeepsStatus
    return {
      transaction,
      sender,
      txHash: transactionHash(transaction),
      l2TxHash: linearPoseidon(encodeL2HashPreimage(transaction, sender)),
      status: result.success || keepsStatus ? 1 : 0,
      gasUsed: result.gasUsed,
      cumulativeGasUsed: this.#gasUsed,
      logs,
      contractAddress: result.contractAddress,
      effectiveGasPrice: charged.gasPrice,
      effectivePercentage: charged.effectivePercentage,
      counters: charged.counters,
      returnData: result.returnData,
      error: result.error,
    }
  }

  /** Consolidates the block: block info root, state root, what to store. The builder is used up. */
  async close(): Promise<L2BlockResult> {
    const { parentStateRoot, coinbase } = this.#input
    const world = this.#world
    const { gasLimit } = this.context
    const info = await blockInfoRoot([
      ...headerLeaves({ ...this.#header, parentHash: parentStateRoot, coinbase, gasLimit }),
      ...this.#receipts.flatMap(receiptLeaves),
      gasUsedLeaf(this.#gasUsed),
    ])
    world.beginTransaction()
    world.setStorage(await readSystemSlot(world, SYSTEM_CONTRACT, BLOCK_INFO_ROOT_SLOT), hashToWord(info))
    const { diff, treeChanges } = world.changes()
    const { root, newNodes, depth } = await updateTree(this.#store, parentStateRoot, treeChanges)
    world.commitBlock()
    return {
      ...this.#header,
      number: this.number,
      coinbase,
      gasLimit,
      parentStateRoot,
      stateRoot: root,
      blockInfoRoot: info,
      gasUsed: this.#gasUsed,
      receipts: this.#receipts,
      stateDiff: diff,
      newNodes,
      treeDepth: depth,
      counters: this.#counters,
    }
  }

  /** Forgets the block: the world is as before `openBlock`. */
  discard(): void {
    this.#world.discardBlock()
  }
}
