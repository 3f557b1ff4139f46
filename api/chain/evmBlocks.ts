import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { BlockContext } from '#executor/evm/interpreter.ts'
import type { ApiDeps } from '../deps.ts'
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

/** The block that a call names: code sees pending as the block after latest. @throws {RpcError} -32000 header not found */
export async function getEvmBlock(
  deps: Pick<ApiDeps, 'db' | 'head' | 'limits' | 'evmBlock'>,
  parameter: BlockParameter | undefined,
  overrides?: BlockOverrides,
): Promise<EvmBlock> {
  const header = await getBlockByParameter(deps, parameter)
  const place = parameter === 'pending' ? placeOfPending(header) : {}
  return await deps.evmBlock(header, { ...place, ...overrides })
}
