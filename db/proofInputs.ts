import { and, asc, eq, gte, inArray, lt, lte, max } from 'drizzle-orm'
import { concatBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { BatchDecodeError, decodeBatchL2Data } from '#protocol/batchL2Data.ts'
import { KeccakTree } from '#protocol/keccakTree.ts'
import { EMPTY_L1_INFO_LEAF } from '#protocol/l1InfoTree.ts'
import { BatchNumber, BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { BatchInputs, ClaimedResult, Claims, L1InfoLeaf } from '#prover/types.ts'
import { type ClosedBatchRow, getBatch, getClosedBatch } from './batches.ts'
import { findBlock, findBlocksOfBatch } from './blocks.ts'
import type { Queryable } from './client.ts'
import { findInfoLeafCount } from './l1.ts'
import { forcedBatches, l1InfoLeaves, l2Blocks, virtualBatches } from './schema.ts'

/** The State DB does not hold (yet) what a proof needs: trying again is right. */
export class ProofInputsMissingError extends NodeError {
  override readonly name = 'ProofInputsMissingError'
}

type VirtualBatchRow = typeof virtualBatches.$inferSelect

/**
 * What a proof over these batches has to state, by the State DB. @throws {ProofInputsMissingError} when one of the
 * batches is not virtual or they are of different forks
 */
export async function readExpectedClaims(
  db: Queryable,
  { chainId, fromBatch, toBatch }: { chainId: number; fromBatch: BatchNumber; toBatch: BatchNumber },
): Promise<Claims> {
  const oldBatchNumber = BatchNumber(fromBatch - 1)
  const [before, first, last] = await Promise.all([
    getClosedBatch(db, oldBatchNumber),
    getClosedBatch(db, fromBatch),
    getClosedBatch(db, toBatch),
  ])
  if (first.forkId !== last.forkId)
    throw new ProofInputsMissingError('One proof cannot cover two forks.', { facts: { fromBatch, toBatch } })
  return {
    chainId,
    forkId: last.forkId,
    oldBatchNumber,
    newBatchNumber: toBatch,
    oldStateRoot: before.stateRoot,
    oldAccInputHash: await getAccInputHash(db, oldBatchNumber),
    newStateRoot: last.stateRoot,
    newAccInputHash: await getAccInputHash(db, toBatch),
    newLocalExitRoot: last.localExitRoot,
  }
}

/** Inputs of a virtual batch as L1 fixed them, and what this node says it leads to. @throws {ProofInputsMissingError} */
export async function readBatchInputs(
  db: Queryable,
  { chainId, batchNumber }: { chainId: number; batchNumber: BatchNumber },
  infoTree: L1InfoProofs,
): Promise<{ inputs: BatchInputs; claimed: ClaimedResult }> {
  const oldBatchNumber = BatchNumber(batchNumber - 1)
  const [before, batch] = await Promise.all([getClosedBatch(db, oldBatchNumber), getClosedBatch(db, batchNumber)])
  const virtual = await getVirtualBatch(db, batchNumber)
  const inputs: BatchInputs = {
    batchNumber,
    forkId: batch.forkId,
    chainId,
    oldStateRoot: before.stateRoot,
    oldAccInputHash: await getAccInputHash(db, oldBatchNumber),
    batchL2Data: batch.batchL2Data,
    l1InfoRoot: virtual.l1InfoRoot,
    timestampLimit: virtual.timestampLimit,
    coinbase: virtual.coinbase,
    forcedBlockHashL1: virtual.forcedBlockHashL1,
    l1InfoTreeData: await infoTree.prove(db, namedLeaves(batch), virtual.l1InfoRoot),
  }
  return { inputs, claimed: { ...(await readClaimedResult(db, batch)), newAccInputHash: virtual.accInputHash } }
}

/**
 * Inputs of a closed batch that L1 may not know yet, to execute it again: leaves without proofs, and as timestamp limit
 * the last block's time. What L1 fixed wins where it is known.
 */
export async function readTrustedInputs(
  db: Queryable,
  { chainId, batchNumber }: { chainId: number; batchNumber: BatchNumber },
): Promise<{ inputs: BatchInputs; claimed: Omit<ClaimedResult, 'newAccInputHash'> }> {
  const [before, batch] = await Promise.all([
    getClosedBatch(db, BatchNumber(batchNumber - 1)),
    getClosedBatch(db, batchNumber),
  ])
  const leaves = await readLeaves(db, namedLeaves(batch))
  const inputs: BatchInputs = {
    batchNumber,
    forkId: batch.forkId,
    chainId,
    oldStateRoot: before.stateRoot,
    oldAccInputHash: ZERO_HASH, // the state does not depend on it
    batchL2Data: batch.batchL2Data,
    coinbase: batch.coinbase,
    ...(await readLimits(db, batch)),
    l1InfoTreeData: new Map(leaves.map((leaf) => [leaf.leafIndex, { ...leafData(leaf), proof: [] }])),
  }
  return { inputs, claimed: await readClaimedResult(db, batch) }
}

/**
 * Inputs that execute the blocks of a range again, batch by batch; of batches that are not in the range as a whole only
 * the blocks that are. The first block of the range starts on `oldStateRoot`.
 */
export async function readRangeInputs(
  db: Queryable,
  { chainId, fromBlock, toBlock }: { chainId: number; fromBlock: BlockNumber; toBlock: BlockNumber },
): Promise<BatchInputs[]> {
  const range = and(gte(l2Blocks.blockNumber, fromBlock), lte(l2Blocks.blockNumber, toBlock))
  const blocks = await db.select().from(l2Blocks).where(range).orderBy(asc(l2Blocks.blockNumber))
  const before = await findBlock(db, BlockNumber(fromBlock - 1))
  const parts: BatchInputs[] = []
  let oldStateRoot = before?.stateRoot ?? ZERO_HASH
  for (const batchNumber of new Set(blocks.map((block) => block.batchNumber))) {
    const batch = await getBatch(db, batchNumber)
    const own = blocks.filter((block) => block.batchNumber === batchNumber)
    const isMarked = own.every(({ batchL2Data }) => batchL2Data.length > 0)
    // A block that no marker opened is all of its batch.
    const batchL2Data = isMarked ? concatBytes(...own.map((block) => block.batchL2Data)) : batch.batchL2Data!
    const { coinbase, timestamp: lastTimestamp, stateRoot } = own.at(-1)!
    const leaves = await readLeaves(
      db,
      own.map(({ l1InfoIndex }) => l1InfoIndex).filter((index) => index > 0),
    )
    parts.push({
      ...{ batchNumber, forkId: batch.forkId, chainId, oldStateRoot, oldAccInputHash: ZERO_HASH },
      ...{ batchL2Data, coinbase },
      ...(await readLimits(db, { ...batch, lastTimestamp })),
      l1InfoTreeData: new Map(leaves.map((leaf) => [leaf.leafIndex, { ...leafData(leaf), proof: [] }])),
    })
    oldStateRoot = stateRoot
  }
  return parts
}

/** The L2 block on whose state the batch starts. */
export async function getLastBlockBefore(db: Queryable, batchNumber: BatchNumber): Promise<BlockNumber> {
  const [row] = await db
    .select({ blockNumber: max(l2Blocks.blockNumber) })
    .from(l2Blocks)
    .where(lt(l2Blocks.batchNumber, batchNumber))
  if (row?.blockNumber == null)
    throw new ProofInputsMissingError('The State DB has no block before the batch.', { facts: { batchNumber } })
  return BlockNumber(row.blockNumber)
}

async function readLimits(
  db: Queryable,
  batch: Pick<ClosedBatchRow, 'batchNumber' | 'forcedBatchNumber' | 'lastTimestamp'>,
): Promise<Pick<BatchInputs, 'l1InfoRoot' | 'timestampLimit' | 'forcedBlockHashL1'>> {
  const virtual = await findVirtualBatch(db, batch.batchNumber)
  if (virtual !== undefined) {
    const { l1InfoRoot, timestampLimit, forcedBlockHashL1 } = virtual
    return { l1InfoRoot, timestampLimit, forcedBlockHashL1 }
  }
  if (batch.forcedBatchNumber === null)
    return { l1InfoRoot: ZERO_HASH, timestampLimit: batch.lastTimestamp, forcedBlockHashL1: ZERO_HASH }
  const { forcedBatchNumber } = batch
  const [forced] = await db.select().from(forcedBatches).where(eq(forcedBatches.forcedBatchNumber, forcedBatchNumber))
  if (forced === undefined)
    throw new ProofInputsMissingError('The forced batch is not known from L1.', { facts: { forcedBatchNumber } })
  const { forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = forced
  return { l1InfoRoot: forcedGlobalExitRoot, timestampLimit: forcedTimestamp, forcedBlockHashL1 }
}

async function readClaimedResult(
  db: Queryable,
  batch: ClosedBatchRow,
): Promise<Omit<ClaimedResult, 'newAccInputHash'>> {
  const rows = await findBlocksOfBatch(db, batch.batchNumber)
  const blocks = rows.map(
    ({ blockNumber, timestamp, stateRoot, blockInfoRoot, globalExitRoot, l1BlockHash, gasUsed, txCount }) => {
      return { blockNumber, timestamp, stateRoot, blockInfoRoot, globalExitRoot, l1BlockHash, gasUsed, txCount }
    },
  )
  return { newStateRoot: batch.stateRoot, newLocalExitRoot: batch.localExitRoot, blocks }
}

/** What L1 says of the batch; undefined before it is sequenced. */
export async function findVirtualBatch(db: Queryable, batchNumber: BatchNumber): Promise<VirtualBatchRow | undefined> {
  const [row] = await db.select().from(virtualBatches).where(eq(virtualBatches.batchNumber, batchNumber))
  return row
}

async function getVirtualBatch(db: Queryable, batchNumber: BatchNumber): Promise<VirtualBatchRow> {
  const row = await findVirtualBatch(db, batchNumber)
  if (row === undefined) throw new ProofInputsMissingError('L1 does not hold the batch.', { facts: { batchNumber } })
  return row
}

/** After the batch, as L1 fixed it. @throws {ProofInputsMissingError} */
export async function getAccInputHash(db: Queryable, batchNumber: BatchNumber): Promise<Hash> {
  return batchNumber === 0 ? ZERO_HASH : (await getVirtualBatch(db, batchNumber)).accInputHash
}

/** Indices of L1 info leaves that the batch's data names; none for data that cannot be decoded. */
function namedLeaves({ batchL2Data, forkId, forcedBatchNumber, kind }: ClosedBatchRow): number[] {
  if (forcedBatchNumber !== null || kind === 'injected') return []
  try {
    const items = decodeBatchL2Data(batchL2Data, { forkId, forced: false })
    const indices = items.map((item) => (item.kind === 'changeL2Block' ? item.indexL1InfoTree : 0))
    return [...new Set(indices.filter((index) => index !== 0))]
  } catch (error) {
    if (error instanceof BatchDecodeError) return [] // such a batch is proven to change nothing
    throw error
  }
}

type LeafRow = typeof l1InfoLeaves.$inferSelect

async function readLeaves(db: Queryable, indices: readonly number[]): Promise<LeafRow[]> {
  if (indices.length === 0) return []
  return await db
    .select()
    .from(l1InfoLeaves)
    .where(inArray(l1InfoLeaves.leafIndex, [...indices]))
}

const leafData = ({
  globalExitRoot,
  blockHashL1,
  timestamp,
}: Pick<LeafRow, 'globalExitRoot' | 'blockHashL1' | 'timestamp'>) => ({
  globalExitRoot,
  blockHashL1,
  minTimestamp: timestamp,
})

/** Merkle proofs of L1 info leaves against any root the tree had. */
export type L1InfoProofs = ReturnType<typeof createL1InfoProofs>

/** Keeps the tree in memory (about 130 bytes a leaf) and reads only what is new; after an L1 reorg it reads all again. */
export function createL1InfoProofs() {
  let tree = new KeccakTree()

  async function extend(db: Queryable, leafCount: number): Promise<void> {
    const rows = await db
      .select({ leafHash: l1InfoLeaves.leafHash })
      .from(l1InfoLeaves)
      .where(and(gte(l1InfoLeaves.leafIndex, tree.count), lt(l1InfoLeaves.leafIndex, leafCount)))
      .orderBy(asc(l1InfoLeaves.leafIndex))
    for (const { leafHash } of rows) tree.append(leafHash)
  }

  return {
    /**
     * A place without a leaf is proven to have none: the batch that names it changes nothing.
     * @throws {ProofInputsMissingError} when the State DB does not know the root or holds other leaves under it
     */
    async prove(db: Queryable, indices: readonly number[], l1InfoRoot: Hash): Promise<Map<number, L1InfoLeaf>> {
      if (indices.length === 0) return new Map()
      const leafCount = await findInfoLeafCount(db, l1InfoRoot)
      if (leafCount === undefined)
        throw new ProofInputsMissingError('The State DB does not know the L1 info root.', { facts: { l1InfoRoot } })
      await extend(db, leafCount)
      if (tree.rootAt(leafCount) !== l1InfoRoot) {
        tree = new KeccakTree()
        await extend(db, leafCount)
      }
      if (tree.rootAt(leafCount) !== l1InfoRoot)
        throw new ProofInputsMissingError('The leaves of the State DB do not lead to the L1 info root.', {
          facts: { l1InfoRoot, leafCount },
        })
      const leaves = await readLeaves(
        db,
        indices.filter((index) => index < leafCount),
      )
      return new Map([
        ...leaves.map((leaf): [number, L1InfoLeaf] => [
          leaf.leafIndex,
          { ...leafData(leaf), proof: tree.proof(leaf.leafIndex, leafCount) },
        ]),
        ...indices
          .filter((index) => index >= leafCount)
          .map((index): [number, L1InfoLeaf] => [
            index,
            { ...leafData(EMPTY_L1_INFO_LEAF), proof: tree.vacancyProof(index, leafCount) },
          ]),
      ])
    },
  }
}
