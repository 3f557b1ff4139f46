import type { SnapshotFacts } from '#db/snapshotFacts.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { SnapshotNetworkError } from './errors.ts'

/** The network of a configuration, as far as it says which one it is. */
export type ConfiguredNetwork = {
  chainId: number
  l1ChainId: number
  rollupId: number
  contracts: { rollupManager: Address }
  genesisRoot?: Hash | undefined
}

/** @throws {SnapshotNetworkError} naming the first fact that differs */
export function assertNetwork(snapshot: SnapshotFacts['network'], configured: ConfiguredNetwork): void {
  const { chainId, l1ChainId, rollupId, contracts, genesisRoot = snapshot.genesisRoot } = configured
  const expected = { chainId, l1ChainId, rollupId, rollupManager: contracts.rollupManager, genesisRoot }
  for (const fact of Object.keys(expected) as (keyof typeof expected)[])
    if (snapshot[fact] !== expected[fact])
      throw new SnapshotNetworkError('This is another network than that of the configuration.', {
        facts: { fact, found: snapshot[fact], configuration: expected[fact] },
      })
}
