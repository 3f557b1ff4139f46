import { type BatchHeads, readBatchHeads } from '#db/rpc/batches.ts'
import { findHeader, findLastBlockNumberOfBatches, type HeaderRow } from '#db/rpc/blocks.ts'
import type { BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { headerNotFound, serverError, unknownBlock } from '../errors.ts'
import type { BlockParameter } from '../params.ts'
import { findBlockByHash, requireBatchHistory, requireHistory } from './history.ts'

type Chain = Pick<ApiDeps, 'db' | 'head' | 'limits'>

/**
 * Number a parameter stands for; pending is latest, whose state the node shows. May be above the head when the caller
 * named the number. undefined for a hash that no block has.
 */
export async function resolveBlockNumber(
  chain: Chain,
  parameter: BlockParameter = 'latest',
): Promise<BlockNumber | undefined> {
  const { db, head } = chain
  if (parameter === 'latest' || parameter === 'pending') return head.latest.blockNumber
  if (parameter === 'earliest') return head.horizon.oldestBlock
  if (parameter === 'safe' || parameter === 'finalized') {
    const heads = await readBatchHeads(db)
    const blockNumber = await findLastBlockNumberOfBatches(db, settledBatch(chain, heads, parameter))
    await head.reach(blockNumber)
    return Math.min(blockNumber, head.latest.blockNumber) as BlockNumber
  }
  if ('blockNumber' in parameter) {
    await head.reach(parameter.blockNumber)
    return parameter.blockNumber
  }
  return (await findBlockByHash(chain, parameter.blockHash))?.blockNumber
}

/**
 * Batch that L1 gives the tag to. None yet is batch 0, or an error for those who want it.
 * @throws {RpcError} -39001 Unknown block
 */
function settledBatch({ limits }: Pick<Chain, 'limits'>, heads: BatchHeads, tag: 'safe' | 'finalized'): BatchNumber {
  if (limits.strictTags && heads.verified === 0) throw unknownBlock()
  const safe = limits.safeTag === 'sequenced' ? heads.sequencedFinally : heads.safe
  const batchNumber = tag === 'finalized' ? heads.finalized : Math.max(safe, heads.finalized)
  if (limits.strictTags && batchNumber === 0) throw unknownBlock()
  return Math.min(batchNumber, heads.closed) as BatchNumber
}

/** The block, undefined when there is none. @throws {RpcError} 4444 when it is pruned */
export async function findBlockByParameter(
  chain: Chain,
  parameter: BlockParameter = 'latest',
): Promise<HeaderRow | undefined> {
  const { db, head } = chain
  if (typeof parameter === 'object' && 'blockHash' in parameter)
    return await findBlockByHash(chain, parameter.blockHash)
  const blockNumber = await resolveBlockNumber(chain, parameter)
  const { latest } = head
  if (blockNumber === undefined || blockNumber === latest.blockNumber) return latest
  requireHistory(chain, blockNumber)
  return await findHeader(db, blockNumber)
}

/** The block whose state is asked for. @throws {RpcError} -32000 header not found, 4444 */
export async function getBlockByParameter(chain: Chain, parameter: BlockParameter = 'latest'): Promise<HeaderRow> {
  const header = await findBlockByParameter(chain, parameter)
  if (header !== undefined) return header
  throw typeof parameter === 'object' && 'blockHash' in parameter
    ? serverError('header for hash not found')
    : headerNotFound()
}

/** Batch a number or tag stands for, of which all is there. @throws {RpcError} -39001 Unknown block, 4444 */
export async function resolveKeptBatch(
  chain: Chain,
  parameter: Parameters<typeof resolveBatchNumber>[1],
): Promise<BatchNumber> {
  const batchNumber = await resolveBatchNumber(chain, parameter)
  requireBatchHistory(chain, batchNumber)
  return batchNumber
}

/** Batch a number or tag stands for. @throws {RpcError} -39001 Unknown block */
export async function resolveBatchNumber(
  chain: Chain,
  parameter: Exclude<BlockParameter, { blockHash: unknown }>,
): Promise<BatchNumber> {
  if (typeof parameter === 'object') return parameter.blockNumber as number as BatchNumber
  if (parameter === 'earliest') return chain.head.horizon.oldestBatch
  const heads = await readBatchHeads(chain.db)
  if (parameter === 'latest') return heads.closed as BatchNumber
  if (parameter === 'pending') return heads.trusted as BatchNumber
  return settledBatch(chain, heads, parameter)
}
