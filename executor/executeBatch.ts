import type { NodeStore } from '#merkletree/nodeStore.ts'
import { accInputHash } from '#protocol/accInputHash.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'
import { type BatchInvalidReason, BatchRun, VoidBatch } from './batchRun.ts'
import type { L1Info, L2BlockResult } from './blockBuilder.ts'
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
  /**
   * Most counters the batch may use; by default what the fork's program allows. null: no limit. Counters are estimates,
   * so a batch close to the limit may be judged otherwise than the program would.
   */
  counterLimits?: ZkCounters | null | undefined
  /** Deepest leaf of the state tree, for the counters. */
  treeDepth?: number | undefined
  /** Senders by position of the transaction in the batch, where the caller has recovered them already. */
  senders?: readonly (Address | undefined)[] | undefined
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
  counters: ZkCounters
}

type Dependencies = {
  /** State at `oldStateRoot`. */
  reader: StateReader
  /** Tree of `oldStateRoot`. */
  store: NodeStore
}

/**
 * The state transition of one batch, forks 7 to 13.
 * @throws {MissingL1InfoLeafError} @throws {InvalidL1InfoProofError} @throws {UnsupportedForkError}
 */
export async function executeBatch(
  input: ExecuteBatchInput,
  { reader, store }: Dependencies,
): Promise<ExecuteBatchResult> {
  const run = new BatchRun(input, { reader, store })
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
