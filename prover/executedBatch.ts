import type { ExecuteBatchResult } from '#executor/executeBatch.ts'
import type { ClaimedResult } from './types.ts'

/** What an execution gave, in the form in which it is claimed. */
export type ExecutedBatch = ClaimedResult

export function summarizeExecution(result: ExecuteBatchResult): ExecutedBatch {
  const { newStateRoot, newAccInputHash, newLocalExitRoot } = result
  const blocks = result.blocks.map((block) => ({
    blockNumber: block.number,
    timestamp: block.timestamp,
    stateRoot: block.stateRoot,
    blockInfoRoot: block.blockInfoRoot,
    globalExitRoot: block.globalExitRoot,
    l1BlockHash: block.l1BlockHash,
    gasUsed: block.gasUsed,
    txCount: block.receipts.length,
  }))
  return { newStateRoot, newAccInputHash, newLocalExitRoot, blocks }
}
