import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { BlockContext } from '#executor/evm/interpreter.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import type { EvmBlock } from '../evm/threads/job.ts'
import type { BlockParameter } from '../params.ts'
import { getBlockByParameter } from './blockTag.ts'
import type { ForkIds } from './forkIds.ts'
import { placeOfPending } from './pendingBlock.ts'

/** What a simulation pretends of the block it runs in. */
export type BlockOverrides = Partial<Pick<BlockContext, 'number' | 'timestamp' | 'coinbase' | 'gasLimit'>>

/** A block for the threads. Code that runs sees its number, time and coinbase, as on Ethereum, but for the overrides. */
export type EvmBlocks = (header: HeaderRow, overrides?: BlockOverrides) => Promise<EvmBlock>

export function createEvmBlocks({ chainId, forkIds }: { chainId: number; forkIds: ForkIds }): EvmBlocks {
  return async (header, overrides) => {
    const { blockNumber, hash, timestamp, coinbase, gasLimit, treeDepth } = header
    return {
      state: { blockNumber, hash },
      context: { number: blockNumber, timestamp, coinbase, gasLimit, chainId, ...overrides },
      forkId: await forkIds(header.batchNumber),
      treeDepth,
    }
  }
}

type CalledBlock = {
  overrides?: BlockOverrides | undefined
  /** How many transactions of the block come before the call; all of them when left out. */
  txCount?: number | undefined
}

/**
 * The block that a call names: code sees pending as the block after latest.
 * @throws {RpcError} -32000 header not found, or when the block has fewer transactions
 */
export async function getEvmBlock(
  deps: Pick<ApiDeps, 'db' | 'head' | 'limits' | 'evmBlock'>,
  parameter: BlockParameter | undefined,
  { overrides, txCount }: CalledBlock = {},
): Promise<EvmBlock> {
  const header = await getBlockByParameter(deps, parameter)
  const isPending = parameter === 'pending'
  if (txCount !== undefined) requireTransactions(isPending ? { ...header, txCount: 0 } : header, txCount)
  const block = await deps.evmBlock(header, { ...(isPending ? placeOfPending(header) : {}), ...overrides })
  return isPending || header.blockNumber === 0 ? block : { ...block, txCount }
}

/** @throws {RpcError} -32000 */
export function requireTransactions({ txCount, hash }: Pick<HeaderRow, 'txCount' | 'hash'>, wanted: number): void {
  if (wanted > txCount) throw serverError(`transaction index ${wanted} out of range for block ${hash}`)
}
