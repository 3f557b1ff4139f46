import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { BlockContext } from '#executor/evm/interpreter.ts'
import type { EvmBlock } from '../evm/threads/job.ts'
import type { ForkIds } from './forkIds.ts'

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
