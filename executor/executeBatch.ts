import type { NodeStore } from '#merkletree/nodeStore.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import type { BatchItem } from '#protocol/batchL2Data.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'
import { type BatchInvalidReason, BatchRun, VoidBatch } from './batchRun.ts'
import type { L1Info, L2BlockResult } from './blockBuilder.ts'
import type { CounterMeasure } from './counters/meter.ts'
import type { IntrinsicError } from './intrinsic.ts'
import type { StateReader } from './stateReader.ts'
import { hashToWord, wordToHash } from './words.ts'
import { WorldState } from './worldState.ts'

export { InvalidL1InfoProofError, MissingL1InfoLeafError } from './batchRun.ts'

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
  /** Senders by position of the transaction in the batch, where the caller has recovered them already. */
  senders?: readonly (Address | undefined)[] | undefined
  /** What is in batchL2Data, where the caller has decoded it already. */
  items?: readonly BatchItem[] | undefined
}

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
  /** The estimate; where that is above the limits, what the program takes. Of a void batch until it was given up. */
  counters: ZkCounters
}

type Dependencies = {
  /** State at `oldStateRoot`. */
  reader: StateReader
  /** Tree of `oldStateRoot`. */
  store: NodeStore
}

/**
 * The state transition of one batch, forks 7 to 13. It depends on the input and the old state alone: also whether the
 * batch runs out of counters, for which the tree is taken to be as deep as the batch finds it.
 * @throws {MissingL1InfoLeafError} @throws {InvalidL1InfoProofError} @throws {UnsupportedForkError}
 */
export async function executeBatch(input: ExecuteBatchInput, dependencies: Dependencies): Promise<ExecuteBatchResult> {
  const estimated = await executeMeasured(input, dependencies, 'estimate')
  return estimated.invalid?.reason === 'out-of-counters'
    ? await executeMeasured(input, dependencies, 'program')
    : estimated
}

/** Starts over when the tree turns out deeper than it was counted with, as the reference does. */
async function executeMeasured(
  input: ExecuteBatchInput,
  dependencies: Dependencies,
  measure: CounterMeasure,
): Promise<ExecuteBatchResult> {
  for (let treeDepth = 0; ; ) {
    const run = new BatchRun(input, dependencies, { measure, treeDepth })
    const result = await execute(run, input, dependencies)
    if (result.invalid !== undefined || !run.isDeeperThanCounted) return result
    treeDepth = run.treeDepth
  }
}

async function execute(run: BatchRun, input: ExecuteBatchInput, { reader }: Dependencies): Promise<ExecuteBatchResult> {
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
