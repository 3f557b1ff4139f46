import { ConfigError } from '#config/load.ts'
import type { NodeFile } from '#config/schema.ts'
import { readKeyAddress } from '#config/secrets.ts'
import type { Sections } from '#config/sections.ts'
import type { TemporalParts } from '#devnet/launcher.ts'
import type { Address } from '#protocol/primitives.ts'
import type { CheckedNetwork } from './checkedNetwork.ts'

export type Found = {
  network: Pick<CheckedNetwork, 'l1ChainId' | 'rollup' | 'state'>
  /** Of a server that was started; undefined when the file names one. */
  databaseUrl: string | undefined
  temporal: TemporalParts
  coinbase: Address | undefined
  genesisFile: string
}

/** What the operator wrote, with all that was found out or started: the file of the processes. Secrets stay references. */
export function completeConfig(sections: Sections, found: Found): Sections {
  const { network, databaseUrl, temporal, coinbase, genesisFile } = found
  const { temporalAddress: address, temporalNamespace: namespace, temporalUiUrl: uiUrl } = temporal
  const contracts = sections['network']!['contracts'] as object
  return {
    ...sections,
    network: {
      ...sections['network'],
      contracts: { ...contracts, verifier: network.rollup.verifier },
      ...{ l1ChainId: network.l1ChainId, genesisRoot: network.state.root, genesisFile },
    },
    database: { ...sections['database'], ...(databaseUrl !== undefined && { url: databaseUrl }) },
    temporal: { ...(uiUrl !== undefined && { uiUrl }), ...sections['temporal'], address, namespace },
    sequencer: { ...(coinbase !== undefined && { coinbase }), ...sections['sequencer'] },
  }
}

/** The sequencer's address, for a file that names no coinbase; undefined where its key is on another machine. */
export function findCoinbase({ role, keys }: Pick<NodeFile, 'role' | 'keys'>): Address | undefined {
  if (role !== 'sequencer' || keys.sequencer === undefined) return undefined
  try {
    return readKeyAddress('keys.sequencer', keys.sequencer)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}
