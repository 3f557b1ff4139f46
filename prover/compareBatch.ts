import type { BlockNumber } from '#protocol/primitives.ts'
import { type Difference, firstDifference } from './claims.ts'
import type { ClaimedBlock, ClaimedResult } from './types.ts'

/** The first thing that differs; with the L2 block it is in, unless it is of the whole batch. */
export type BatchDifference = Difference & { blockNumber?: BlockNumber }

/**
 * Compares what is claimed of a batch with what its execution gave: block by block, inside a block from its inputs to
 * its state root, then the batch as a whole. So the first difference is nearest to the cause.
 */
export function findBatchDifference<T extends Omit<ClaimedResult, 'newAccInputHash'>>(
  claimed: T,
  computed: { readonly [Key in keyof T]: Key extends 'blocks' ? readonly ClaimedBlock[] : string },
): BatchDifference | undefined {
  const { blocks: claimedBlocks, ...claimedBatch } = claimed
  const { blocks: computedBlocks, ...computedBatch } = computed as ClaimedResult
  for (const [index, block] of claimedBlocks.entries()) {
    const other = computedBlocks[index]
    if (other === undefined) break
    const difference = firstDifference(orderedFields(block), orderedFields(other))
    if (difference !== undefined) return { ...difference, blockNumber: block.blockNumber }
  }
  return (
    firstDifference({ blockCount: claimedBlocks.length }, { blockCount: computedBlocks.length }) ??
    firstDifference(claimedBatch as Record<string, string>, computedBatch)
  )
}

const orderedFields = (block: ClaimedBlock) => ({
  blockNumber: block.blockNumber,
  timestamp: block.timestamp,
  globalExitRoot: block.globalExitRoot,
  l1BlockHash: block.l1BlockHash,
  txCount: block.txCount,
  gasUsed: block.gasUsed,
  blockInfoRoot: block.blockInfoRoot,
  stateRoot: block.stateRoot,
})
