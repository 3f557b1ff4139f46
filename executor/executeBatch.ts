import { NodeError } from '#common/errors.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { getForkRules } from '#protocol/forks.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { l1InfoLeafHash, verifyL1InfoProof } from '#protocol/l1InfoTree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT, SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import { InvalidSignatureError, recoverSender, type Transaction } from '#protocol/transaction.ts'
import {
  type BlockBuilder,
  type BlockOpening,
  BlockRefusedError,
  type L1Info,
  type L2BlockResult,
  openBlock,
} from './blockBuilder.ts'
import { addCounters, batchCounters, findExhaustedCounter, parseCounters } from './counters/zkCounters.ts'
import type { IntrinsicError } from './intrinsic.ts'
import { OverlayNodeStore } from './overlayNodeStore.ts'
import type { StateReader } from './stateReader.ts'
import { hashToWord, wordToHash } from './words.ts'
import { WorldState } from './worldState.ts'

/** The batch names a leaf the caller did not give. */
export class MissingL1InfoLeafError extends NodeError {
  override readonly name = 'MissingL1InfoLeafError'
}
/** A leaf does not lead to the batch's l1InfoRoot: no proof of such a batch exists. */
export class InvalidL1InfoProofError extends NodeError {
  override readonly name = 'InvalidL1InfoProofError'
}

/** `proof`: siblings from the leaf to the root, 32 of them; not checked when left out. */
export type L1InfoTreeEntry = L1Info & { proof?: readonly Hash[] | undefined }

export type ExecuteBatchInput = {
  forkId: number
  chainId: number
  oldStateRoot: Hash
  oldAccInputHash: Hash
  batchL2Data: Uint8Array
  /** Of a forced batch: its global exit root. */
  l1InfoRoot: Hash
  /** Latest time of a block, seconds; of a forced batch the time it was forced. */
  timestampLimit: number
  coinbase: Address
  /** ZERO_HASH unless the batch is forced. */
  forcedBlockHashL1: Hash
  /** The leaves the batch uses, by index. */
  l1InfoTreeData: ReadonlyMap<number, L1InfoTreeEntry>
  skipVerifyL1InfoRoot?: boolean
  /** Most counters the batch may use; by default what the fork's program allows. null: no limit. */
  counterLimits?: ZkCounters | null | undefined
  /** Deepest leaf of the state tree, for the counters. */
  treeDepth?: number | undefined
  /** Senders by position of the transaction in the batch, where the caller has recovered them already. */
  senders?: readonly (Address | undefined)[] | undefined
}

/** Why a batch changes nothing. */
export type BatchInvalidReason = 'malformed-data' | BlockRefusedError['reason'] | 'out-of-counters'

export type ExecuteBatchResult = {
  newStateRoot: Hash
  newAccInputHash: Hash
  newLocalExitRoot: Hash
  /** None when the batch is invalid. */
  blocks: L2BlockResult[]
  /** Transactions the batch carries that do not run: position among its transactions, and why. */
  skipped: { index: number; error: IntrinsicError }[]
  /** Set when the batch is void: it counts, and its accInputHash advances, but the state stays. */
  invalid?: { reason: BatchInvalidReason; message: string }
  counters: ZkCounters
}

type Dependencies = {
  /** State at `oldStateRoot`. */
  reader: StateReader
  /** Tree of `oldStateRoot`. */
  store: NodeStore
}

/** The batch is void, and the state as before it. */
class VoidBatch {
  readonly reason: BatchInvalidReason
  readonly message: string

  constructor(reason: BatchInvalidReason, message: string) {
    this.reason = reason
    this.message = message
  }
}

/**
 * The state transition of one batch, forks 7 to 13.
 * @throws {MissingL1InfoLeafError} @throws {InvalidL1InfoProofError} @throws {UnsupportedForkError}
 */
export async function executeBatch(
  input: ExecuteBatchInput,
  { reader, store }: Dependencies,
): Promise<ExecuteBatchResult> {
  const run = new BatchRun(
    input,
    new WorldState(reader, { maxEntries: Number.POSITIVE_INFINITY }),
    new OverlayNodeStore(store),
  )
  const newAccInputHash = accInputHash({ ...input, batchL2DataHash: keccakHex(input.batchL2Data) })
  try {
    await run.run()
    return {
      newStateRoot: run.stateRoot,
      newAccInputHash,
      newLocalExitRoot: await readLocalExitRoot(run.world),
      blocks: run.blocks,
      skipped: run.skipped,
      counters: run.counters,
    }
  } catch (error) {
    if (!(error instanceof VoidBatch)) throw error
    return {
      newStateRoot: input.oldStateRoot,
      newAccInputHash,
      newLocalExitRoot: await readLocalExitRoot(new WorldState(reader)),
      blocks: [],
      skipped: [],
      invalid: { reason: error.reason, message: error.message },
      counters: run.counters,
    }
  }
}

async function readLocalExitRoot(world: WorldState): Promise<Hash> {
  const slot = hashToWord(LOCAL_EXIT_ROOT_SLOT)
  await world.prefetchSlots([{ address: L2_GLOBAL_EXIT_ROOT_MANAGER, slot }])
  return wordToHash(world.slot(world.account(L2_GLOBAL_EXIT_ROOT_MANAGER), slot).value)
}

type TransactionItem = Extract<BatchItem, { kind: 'transaction' }> & { sender: Address | undefined; index: number }
type BlockItem = Extract<BatchItem, { kind: 'changeL2Block' }>

class BatchRun {
  readonly world: WorldState
  readonly blocks: L2BlockResult[] = []
  readonly skipped: { index: number; error: IntrinsicError }[] = []
  stateRoot: Hash
  counters: ZkCounters
  readonly #input: ExecuteBatchInput
  readonly #store: OverlayNodeStore
  #open: BlockBuilder | undefined

  constructor(input: ExecuteBatchInput, world: WorldState, store: OverlayNodeStore) {
    this.#input = input
    this.world = world
    this.#store = store
    this.stateRoot = input.oldStateRoot
    this.counters = batchCounters(getForkRules(input.forkId), input.treeDepth, input.batchL2Data.length)
  }

  get #isForced(): boolean {
    return this.#input.forcedBlockHashL1 !== ZERO_HASH
  }

  async run(): Promise<void> {
    const items = this.#parse()
    if (items.length === 0) return
    const transactions = items.filter((item): item is TransactionItem => item.kind === 'transaction')
    const senders = transactions.flatMap(({ sender }) => sender ?? [])
    const targets = transactions.flatMap(({ transaction: { to } }) => to ?? [])
    await this.world.prefetch([this.#input.coinbase, SYSTEM_CONTRACT, L2_GLOBAL_EXIT_ROOT_MANAGER, ...senders], targets)
    if (this.#isForced) await this.#openBlock(this.#forcedOpening())
    for (const item of items) {
      if (item.kind === 'changeL2Block') {
        await this.#closeBlock()
        await this.#openBlock(this.#opening(item))
      } else await this.#execute(item)
    }
    await this.#closeBlock()
    this.#assertFits(this.counters)
  }

  #parse(): (TransactionItem | BlockItem)[] {
    const { batchL2Data, forkId, senders } = this.#input
    try {
      let index = 0
      return decodeBatchL2Data(batchL2Data, { forkId, forced: this.#isForced }).map((item) =>
        item.kind === 'transaction'
          ? { ...item, sender: senders?.[index] ?? findSender(item.transaction), index: index++ }
          : item,
      )
    } catch (error) {
      if (error instanceof BatchDecodeError) throw new VoidBatch('malformed-data', error.message)
      throw error
    }
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
    const { forkId, chainId, coinbase, treeDepth } = this.#input
    const input = { forkId, chainId, coinbase, treeDepth, parentStateRoot: this.stateRoot, opening }
    try {
      this.#open = await openBlock(input, { world: this.world, store: this.#store })
    } catch (error) {
      if (error instanceof BlockRefusedError) throw new VoidBatch(error.reason, error.message)
      throw error
    }
  }

  async #execute({ transaction, sender, effectivePercentage, index }: TransactionItem): Promise<void> {
    const result =
      sender === undefined
        ? { kind: 'invalid' as const, error: 'INTRINSIC_INVALID_SIGNATURE' as const }
        : await this.#open!.execute(transaction, sender, effectivePercentage)
    if (result.kind === 'invalid') {
      this.skipped.push({ index, error: result.error })
      const { forkId, treeDepth } = this.#input
      this.counters = addCounters(this.counters, parseCounters(getForkRules(forkId), treeDepth, transaction).counters)
    }
    this.#assertFits(addCounters(this.counters, this.#open!.counters))
  }

  async #closeBlock(): Promise<void> {
    if (this.#open === undefined) return
    const block = await this.#open.close()
    this.#store.add(block.newNodes)
    this.stateRoot = block.stateRoot
    this.counters = addCounters(this.counters, block.counters)
    this.blocks.push(block)
    this.#open = undefined
  }

  #assertFits(used: ZkCounters): void {
    const { counterLimits, forkId } = this.#input
    if (counterLimits === null) return
    const limits = counterLimits ?? getForkRules(forkId).counterBudget
    const counter = limits === undefined ? undefined : findExhaustedCounter(used, limits)
    if (counter !== undefined) throw new VoidBatch('out-of-counters', `The batch uses too many ${counter}.`)
  }
}

function findSender(transaction: Transaction): Address | undefined {
  try {
    return recoverSender(transaction)
  } catch (error) {
    if (error instanceof InvalidSignatureError) return undefined
    throw error
  }
}
