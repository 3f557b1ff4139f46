import { Address, Hash } from '#protocol/primitives.ts'
import { readContract } from './client.ts'
import { rollupManagerInterface } from './interfaces.ts'
import type { L1Rpc } from './rpc.ts'

/** What the rollup manager holds of a rollup. `forkId` is that of the next batches. */
export type RollupFacts = {
  rollup: Address
  l2ChainId: number
  verifier: Address
  forkId: number
  lastBatchSequenced: number
  lastVerifiedBatch: number
  /** State before batch 1; undefined for a chain that is older than the manager. */
  genesisRoot: Hash | undefined
}

/** Everything is zero for a rollup that the manager does not have. @throws {WrongL1Error} when nothing answers there */
export async function readRollupFacts(rpc: L1Rpc, rollupManager: Address, rollupId: number): Promise<RollupFacts> {
  const read = (method: string, args: readonly unknown[]) =>
    readContract(rpc, rollupManagerInterface, rollupManager, method, args)
  const data = await read('rollupIDToRollupData', [rollupId])
  const [root] = await read('getRollupBatchNumToStateRoot', [rollupId, 0])
  return {
    rollup: Address(data['rollupContract']),
    l2ChainId: Number(data['chainID']),
    verifier: Address(data['verifier']),
    forkId: Number(data['forkID']),
    lastBatchSequenced: Number(data['lastBatchSequenced']),
    lastVerifiedBatch: Number(data['lastVerifiedBatch']),
    genesisRoot: BigInt(root) === 0n ? undefined : Hash(root),
  }
}
