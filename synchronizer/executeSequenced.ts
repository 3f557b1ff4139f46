import { setImmediate } from 'node:timers/promises'
import { getClosedBatch } from '#db/batches.ts'
import type { BlockRow } from '#db/blocks.ts'
import type { Queryable } from '#db/client.ts'
import { forkIdOf, readForkUpgrades } from '#db/forkUpgrades.ts'
import { findInfoLeafCount, findInfoLeavesByIndex, nextForcedBatchNumber } from '#db/l1.ts'
import { getLastBlockBefore } from '#db/proofInputs.ts'
import type { BatchKind } from '#db/schema.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { type BatchToStore, storeBatches } from '#db/storeBatches.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { createDatabaseNodeStore } from '#db/treeNodes.ts'
import { type ExecuteBatchResult, executeBatch } from '#executor/executeBatch.ts'
import { StatePrefetcher } from '#executor/prefetcher.ts'
import type { StateReader } from '#executor/stateReader.ts'
import { WorldState } from '#executor/worldState.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import { getForkRules } from '#protocol/forks.ts'
import { EMPTY_L1_INFO_LEAF } from '#protocol/l1InfoTree.ts'
import { type Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { findSender } from '#protocol/transaction.ts'
import type { L1InfoLeaf } from '#prover/types.ts'
import { produceWitness } from '#prover/witness.ts'
import type { ChainTip } from './chainTip.ts'

/** A batch as L1 fixed it. */
export type SequencedOnL1 = {
  batchNumber: BatchNumber
  batchL2Data: Uint8Array
  /** The forced global exit root for forced and injected batches. */
  l1InfoRoot: Hash
  /** Seconds. */
  timestampLimit: number
  /** Zero unless the batch is forced or injected. */
  forcedBlockHashL1: Hash
  coinbase: Address
  sequencer: Address
  /** Kind to store it as when this node does not have it. */
  kind: Extract<BatchKind, 'injected' | 'forced' | 'synced'>
  /** Of a forced batch that is not on L1 yet; the contract takes them in order. */
  forcedBatchNumber?: number
}

export type Network = {
  chainId: number
  forkId: number
  /** Nothing is proven here: no witnesses are made. */
  isReader?: boolean
}

/** What a batch gives on the state that the batch before it left. `witness`: undefined for a reader. */
export type ExecutedBatch = { result: ExecuteBatchResult; witness: Uint8Array | undefined }

type Marker = Extract<BatchItem, { kind: 'changeL2Block' }>
type Leaves = ReadonlyMap<number, L1InfoLeaf>
/** What the batch before left. */
type Before = { stateRoot: Hash; lastTimestamp: number; accInputHash: Hash; reader: StateReader; store: NodeStore }

/** Executes a batch that need not be the next one on the state after its predecessor; stores nothing. */
export async function executeAgain(
  tx: Queryable,
  batch: SequencedOnL1,
  network: Network & { oldAccInputHash: Hash },
): Promise<ExecutedBatch> {
  const { stateRoot, lastTimestamp } = await getClosedBatch(tx, BatchNumber(batch.batchNumber - 1))
  const reader = createDatabaseStateReader(tx, await getLastBlockBefore(tx, batch.batchNumber))
  const before = { stateRoot, lastTimestamp, accInputHash: network.oldAccInputHash, reader }
  const content = readContent(batch, network.forkId)
  const leaves = await readLeaves(tx, content.markers, batch.l1InfoRoot, network.forkId)
  return await execute({ ...before, store: createDatabaseNodeStore(tx) }, batch, leaves, network, content)
}

async function execute(
  { stateRoot: oldStateRoot, accInputHash: oldAccInputHash, reader, store }: Before,
  batch: SequencedOnL1,
  l1InfoTreeData: Leaves,
  { chainId, forkId, isReader = false }: Network,
  { items, senders }: Content,
): Promise<ExecutedBatch> {
  const chain = { forkId, chainId, oldStateRoot, oldAccInputHash, l1InfoTreeData }
  const inputs = { ...batch, ...chain, items, senders }
  if (!isReader) return await produceWitness({ inputs, store, reader })
  return {
    result: await executeBatch({ ...inputs, skipVerifyL1InfoRoot: true }, { reader, store }),
    witness: undefined,
  }
}

/** So many batches are stored while the next ones are executed. */
const STORED_TOGETHER = 5

/**
 * Executes batches that follow the last one of the State DB, one on the other, and stores them closed and checked with
 * their blocks, witnesses and the inputs that L1 fixed. Returns accumulated input hash and state after them.
 * @param options.place on L1; left out for batches that it does not have yet
 */
export async function appendBatches(
  tx: Queryable,
  tip: ChainTip,
  batches: readonly SequencedOnL1[],
  options: {
    network: Network
    oldAccInputHash: Hash
    place?: { l1BlockNumber: number; l1TxHash: Hash }
    closingReason?: string
  },
): Promise<{ accInputHash: Hash; stateRoot: Hash }> {
  const { network, place } = options
  const { stateRoot, lastTimestamp } = await getClosedBatch(tx, BatchNumber(batches[0]!.batchNumber - 1))
  let parent: Pick<BlockRow, 'hash' | 'treeDepth'> = await tip.begin(tx)
  let before: Before = {
    ...{ stateRoot, lastTimestamp, accInputHash: options.oldAccInputHash },
    ...{ reader: tip.reader, store: tip.nodes },
  }
  const upgrades = await readForkUpgrades(tx)
  const forkIds = batches.map(({ batchNumber }) => forkIdOf(upgrades, batchNumber) ?? network.forkId)
  const contents = batches.map((batch, index) => readContent(batch, forkIds[index]!))
  const leavesOf = await readAllLeaves(tx, batches, contents, forkIds[0]!)
  await prefetch(tip.reader, contents, {
    ...network,
    forkId: forkIds[0]!,
    coinbase: batches[0]!.coinbase,
    timestamp: lastTimestamp,
  })
  let forcedBatchNumber = batches.some(({ kind }) => kind === 'forced') ? await nextForcedBatchNumber(tx) : 0
  const writer = new Writer(tx)
  try {
    for (const [index, batch] of batches.entries()) {
      const { batchNumber, batchL2Data, coinbase, kind } = batch
      const [content, forkId] = [contents[index]!, forkIds[index]!]
      const { result, witness } = await execute(before, batch, leavesOf(batch), { ...network, forkId }, content)
      tip.add(result.blocks)
      const blocks = result.blocks.map((block, position) => {
        const stored = toStoredBlock(block, { batchNumber, parent, marker: content.markers[position] })
        parent = { hash: stored.block.hash, treeDepth: stored.block.treeDepth ?? 0 }
        return stored
      })
      const lastTimestamp = result.blocks.at(-1)?.timestamp ?? before.lastTimestamp
      await writer.add({
        batch: {
          ...{ batchNumber, kind, forkId, coinbase, batchL2Data, lastTimestamp },
          closingReason: options.closingReason ?? `Sync L1: ${kind === 'synced' ? 'sequenced' : kind}`,
          stateRoot: result.newStateRoot,
          localExitRoot: result.newLocalExitRoot,
          counters: result.counters,
          forcedBatchNumber: kind === 'forced' ? (batch.forcedBatchNumber ?? forcedBatchNumber++) : null,
          invalidReason: result.invalid?.message ?? null,
        },
        blocks,
        ...(place && { virtual: virtualRow(batch, place, result.newAccInputHash) }),
        ...(witness && { witness: { batchNumber, oldStateRoot: before.stateRoot, witness } }),
      })
      before = { ...before, stateRoot: result.newStateRoot, lastTimestamp, accInputHash: result.newAccInputHash }
    }
  } finally {
    await writer.end()
  }
  tip.stored(parent.hash)
  return before
}

/** Stores batches some at a time, in order, while more come. */
class Writer {
  readonly #tx: Queryable
  #waiting: BatchToStore[] = []
  #storing: Promise<void> = Promise.resolve()

  constructor(tx: Queryable) {
    this.#tx = tx
  }

  async add(batch: BatchToStore): Promise<void> {
    this.#waiting.push(batch)
    if (this.#waiting.length >= STORED_TOGETHER) this.#flush()
    await setImmediate() // executing from memory leaves the event loop no turn
  }

  /** Throws what storing threw. */
  async end(): Promise<void> {
    this.#flush()
    await this.#storing
  }

  #flush(): void {
    const batches = this.#waiting
    this.#waiting = []
    this.#storing = this.#storing.then(() => storeBatches(this.#tx, batches))
    this.#storing.catch(() => {}) // told by `end`
  }
}

export function virtualRow(
  { batchNumber, sequencer, coinbase, l1InfoRoot, timestampLimit, forcedBlockHashL1 }: SequencedOnL1,
  place: { l1BlockNumber: number; l1TxHash: Hash },
  accInputHash: Hash,
) {
  const inputs = { sequencer, coinbase, l1InfoRoot, timestampLimit, forcedBlockHashL1 }
  return { batchNumber, ...place, ...inputs, accInputHash }
}

/** What can be told of a batch without executing it. */
export type Content = {
  /** Undefined for data that cannot be read, and for forced batches, which may hold anything. */
  items: readonly BatchItem[] | undefined
  /** Of the batch's blocks, in order. */
  markers: readonly Marker[]
  /** By position of the transaction; undefined where the signature is invalid. */
  senders: readonly (Address | undefined)[] | undefined
}

export function readContent({ batchL2Data, forcedBlockHashL1 }: SequencedOnL1, forkId: number): Content {
  const unread: Content = { items: undefined, markers: [], senders: undefined }
  if (forcedBlockHashL1 !== ZERO_HASH) return unread
  try {
    const items = decodeBatchL2Data(batchL2Data, { forkId, forced: false })
    const markers = items.filter((item): item is Marker => item.kind === 'changeL2Block')
    const transactions = items.flatMap((item) => (item.kind === 'transaction' ? item.transaction : []))
    return { items, markers, senders: transactions.map(findSender) }
  } catch (error) {
    if (error instanceof BatchDecodeError) return unread
    throw error
  }
}

/** Brings into memory what the batches are going to read: a few round trips instead of some for each. */
async function prefetch(
  reader: StateReader,
  contents: readonly Content[],
  { forkId, chainId, coinbase, timestamp }: Network & { coinbase: Address; timestamp: number },
): Promise<void> {
  const candidates = contents.flatMap(({ items = [], senders = [] }) => {
    let index = 0
    return items.flatMap((item) => {
      if (item.kind !== 'transaction') return []
      const sender = senders[index++]
      return sender === undefined ? [] : { transaction: item.transaction, sender }
    })
  })
  if (candidates.length === 0) return
  const world = new WorldState(reader, { maxEntries: Number.POSITIVE_INFINITY })
  const block = { number: 0, timestamp, coinbase, gasLimit: getForkRules(forkId).blockGasLimit, chainId }
  await new StatePrefetcher(world, { forkId }).prefetch(candidates, block)
}

/** Batches of one sequence name leaves of one tree. */
async function readAllLeaves(
  tx: Queryable,
  batches: readonly SequencedOnL1[],
  contents: readonly Content[],
  forkId: number,
): Promise<(batch: SequencedOnL1) => Leaves> {
  const byRoot = new Map<Hash, Marker[]>()
  for (const [index, { l1InfoRoot }] of batches.entries())
    byRoot.set(l1InfoRoot, [...(byRoot.get(l1InfoRoot) ?? []), ...contents[index]!.markers])
  const leaves = new Map<Hash, Leaves>()
  for (const [l1InfoRoot, named] of byRoot) leaves.set(l1InfoRoot, await readLeaves(tx, named, l1InfoRoot, forkId))
  return ({ l1InfoRoot }) => leaves.get(l1InfoRoot)!
}

/**
 * The leaves the batches name. One that the tree of their sequence does not have is an empty one, whatever came later,
 * and voids its batch. No program before fork 9 gets through such a batch: then the leaf is left out, and execution stops.
 */
export async function readLeaves(
  tx: Queryable,
  markers: readonly Marker[],
  l1InfoRoot: Hash,
  forkId: number,
): Promise<Leaves> {
  const indices = [...new Set(markers.map(({ indexL1InfoTree }) => indexL1InfoTree))].filter((index) => index !== 0)
  if (indices.length === 0) return new Map<number, L1InfoLeaf>()
  const leafCount = (await findInfoLeafCount(tx, l1InfoRoot)) ?? 0
  const rows = await findInfoLeavesByIndex(
    tx,
    indices.filter((index) => index < leafCount),
  )
  const { refusesEmptyInfoLeaf } = getForkRules(forkId)
  const vacant = refusesEmptyInfoLeaf ? indices.filter((index) => index >= leafCount) : []
  const leaves = [...rows, ...vacant.map((leafIndex) => ({ leafIndex, ...EMPTY_L1_INFO_LEAF }))]
  // Proofs are the prover's: this node computed the tree itself.
  return new Map<number, L1InfoLeaf>(
    leaves.map(({ leafIndex, globalExitRoot, blockHashL1, timestamp }) => [
      leafIndex,
      { globalExitRoot, blockHashL1, minTimestamp: timestamp, proof: [] },
    ]),
  )
}
