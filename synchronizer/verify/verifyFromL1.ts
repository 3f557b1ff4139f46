import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import { findLastClosedBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findCursor, type L1BlockRow } from '#db/l1.ts'
import { countRowsOfL1Blocks, findL1BlockOfBatch, findL1BlockOfVerification, readL1Blocks } from '#db/verifyRows.ts'
import type { Etherman, L1BlockEvents } from '#etherman/types.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import { RangeReader } from '../rangeReader.ts'
import { type Compared, L1BlockComparison } from './compareL1Block.ts'
import { type Difference, Differences } from './differences.ts'
import { compareOwnBlocks } from './ownBlocks.ts'

/** The node has read nothing of L1 that could be compared. */
export class NothingToVerifyError extends NodeError {
  override readonly name = 'NothingToVerifyError'
}

export type L1Verification = {
  fromL1Block: number
  toL1Block: number
  compared: Compared & { l1Blocks: number; blocks: number }
  differences: Difference[]
}

type Options = {
  db: Database
  etherman: Pick<Etherman, 'getBlock' | 'readEvents' | 'readSequencedBatches' | 'readStateRoot' | 'isRolledBack'>
  readInfoTree: () => Promise<{ leafCount: number; root: Hash }>
  l1StartBlock: number
  maxBlockRange: number
  fromBatch?: BatchNumber | undefined
  toBatch?: BatchNumber | undefined
  onProgress: (progress: { stage: string; at: number; to: number }) => void
  logger: Logger
}

/**
 * Reads L1 again, in bounded ranges, and compares everything it says of the rollup with what the node has: data, inputs
 * and roots of batches, the L1 info tree, forced batches, L1 blocks. Changes nothing. @throws {NothingToVerifyError}
 */
export async function verifyFromL1(options: Options): Promise<L1Verification> {
  const { db, etherman, logger, maxBlockRange } = options
  const { fromL1Block, toL1Block } = await findRange(options)
  const differences = new Differences()
  const comparison = await L1BlockComparison.from(fromL1Block, {
    ...{ db, contracts: etherman, differences },
    batches: { from: options.fromBatch ?? 0, to: options.toBatch ?? Number.MAX_SAFE_INTEGER },
  })
  const reader = new RangeReader({ etherman, maxBlockRange, parallelRanges: 2, logger })
  const end = await etherman.getBlock(toL1Block)
  if (end === undefined)
    throw new NothingToVerifyError('L1 does not have the block up to which this node has read it.', {
      facts: { toL1Block },
    })
  let l1Blocks = 0
  for (let next = fromL1Block; next <= toL1Block && !differences.isFull; ) {
    const { toBlock, found } = await reader.next(next, end)
    const rows = await readL1Blocks(db, next, toBlock)
    l1Blocks += await compareBlockHashes(etherman, rows, found, differences)
    for (const block of found) await comparison.compare(block)
    options.onProgress({ stage: 'L1 block', at: toBlock, to: toL1Block })
    next = toBlock + 1
  }
  if (options.fromBatch === undefined && options.toBatch === undefined)
    await compareCounts(db, { fromL1Block, toL1Block }, comparison.compared, differences)
  await compareInfoTree(options, comparison.infoTree, differences)
  const to = options.toBatch ?? (await findLastClosedBatch(db))?.batchNumber ?? 0
  const blocks = await compareOwnBlocks(db, {
    ...{ from: options.fromBatch ?? 1, to, differences },
    onProgress: (batch) => options.onProgress({ stage: 'own blocks, batch', at: batch, to }),
  })
  const compared = { ...comparison.compared, l1Blocks, blocks }
  return { fromL1Block, toL1Block, compared, differences: differences.found }
}

async function findRange({ db, l1StartBlock, fromBatch, toBatch }: Options) {
  const position = (await findCursor(db))?.position
  if (position === undefined) throw new NothingToVerifyError('This node has not read L1 yet.')
  const start = fromBatch === undefined ? undefined : await findL1BlockOfBatch(db, fromBatch)
  const verified = toBatch === undefined ? undefined : await findL1BlockOfVerification(db, toBatch)
  return { fromL1Block: start ?? l1StartBlock, toL1Block: Math.min(position, verified ?? position) }
}

/** Blocks of the node that L1 has otherwise, and those in which L1 has nothing of what the node has from there. */
async function compareBlockHashes(
  etherman: Pick<Etherman, 'getBlock'>,
  rows: readonly L1BlockRow[],
  found: readonly L1BlockEvents[],
  differences: Differences,
): Promise<number> {
  const known = new Map(rows.map((row) => [row.blockNumber, row]))
  for (const { block } of found) {
    const row = known.get(block.number)
    const ours = row && { hash: row.hash, parentHash: row.parentHash, timestamp: row.timestamp }
    if (ours === undefined) differences.add(`L1 block ${block.number}`, 'row', undefined, block.hash)
    else differences.compare(`L1 block ${block.number}`, ours, block)
    known.delete(block.number)
  }
  for (const { blockNumber, hash } of known.values()) {
    const onL1 = (await etherman.getBlock(blockNumber))?.hash
    if (onL1 !== hash) differences.add(`L1 block ${blockNumber}`, 'hash', hash, onL1)
  }
  return rows.length
}

/** Rows that no event stands for. */
async function compareCounts(
  db: Database,
  { fromL1Block, toL1Block }: { fromL1Block: number; toL1Block: number },
  { leaves, forced, batches }: Compared,
  differences: Differences,
): Promise<void> {
  if (differences.found.length > 0) return // what is missing is named already
  const rows = await countRowsOfL1Blocks(db, fromL1Block, toL1Block)
  const what = `L1 blocks ${fromL1Block} to ${toL1Block}`
  differences.compare(
    what,
    { leaves: rows.leaves, 'forced batches': rows.forced },
    { leaves, 'forced batches': forced },
  )
  if (rows.virtual > batches) differences.add(what, 'sequenced batches', rows.virtual, batches)
}

/** With what the contract holds, when the node has all its leaves. */
async function compareInfoTree(
  { readInfoTree, toBatch }: Options,
  ours: { leafCount: number; root: Hash },
  differences: Differences,
): Promise<void> {
  if (toBatch !== undefined) return
  const held = await readInfoTree()
  if (held.leafCount <= ours.leafCount) differences.compare('L1 info tree', ours, held)
}
