import type { Queryable } from '#db/client.ts'
import { type BatchHeads, readBatchHeads } from '#db/rpc/batches.ts'
import { findHeader, findHeaderByHash, findLastBlockNumberOfBatches, type HeaderRow } from '#db/rpc/blocks.ts'
import type { BatchNumber, BlockNumber } from '#protocol/primitives.ts'
import type { ApiDeps } from './deps.ts'
import { headerNotFound, serverError } from './errors.ts'
import type { BlockParameter } from './params.ts'

type Chain = Pick<ApiDeps, 'db' | 'head'>

/**
 * Number a parameter stands for; pending is latest, whose state the node shows. May be above the head when the caller
 * named the number. undefined for a hash that no block has.
 */
export async function resolveBlockNumber(
  { db, head }: Chain,
  parameter: BlockParameter = 'latest',
): Promise<BlockNumber | undefined> {
  if (parameter === 'latest' || parameter === 'pending') return head.latest.blockNumber
  if (parameter === 'earliest') return 0 as BlockNumber
  if (parameter === 'safe' || parameter === 'finalized')
    return await findLastBlockNumberOfBatches(db, (await readBatchHeads(db))[parameter] as BatchNumber)
  if ('blockNumber' in parameter) {
    await head.reach(parameter.blockNumber)
    return parameter.blockNumber
  }
  return (await findHeaderByHash(db, parameter.blockHash))?.blockNumber
}

/** The block, undefined when there is none. */
export async function findBlockByParameter(
  { db, head }: Chain,
  parameter: BlockParameter = 'latest',
): Promise<HeaderRow | undefined> {
  if (typeof parameter === 'object' && 'blockHash' in parameter) return await findHeaderByHash(db, parameter.blockHash)
  const blockNumber = await resolveBlockNumber({ db, head }, parameter)
  const { latest } = head
  if (blockNumber === undefined || blockNumber === latest.blockNumber) return latest
  return await findHeader(db, blockNumber)
}

/** The block whose state is asked for. @throws {RpcError} -32000 header not found */
export async function getBlockByParameter(chain: Chain, parameter: BlockParameter = 'latest'): Promise<HeaderRow> {
  const header = await findBlockByParameter(chain, parameter)
  if (header !== undefined) return header
  throw typeof parameter === 'object' && 'blockHash' in parameter
    ? serverError('header for hash not found')
    : headerNotFound()
}

/** Batch a number or tag stands for. */
export async function resolveBatchNumber(
  db: Queryable,
  parameter: Exclude<BlockParameter, { blockHash: unknown }>,
): Promise<BatchNumber> {
  if (typeof parameter === 'object') return parameter.blockNumber as number as BatchNumber
  if (parameter === 'earliest') return 0 as BatchNumber
  const heads: BatchHeads = await readBatchHeads(db)
  const byTag = { latest: heads.closed, pending: heads.trusted, safe: heads.safe, finalized: heads.finalized }
  return byTag[parameter] as BatchNumber
}
