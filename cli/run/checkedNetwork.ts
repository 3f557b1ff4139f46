import { ConfigError } from '#config/load.ts'
import type { NodeFile } from '#config/schema.ts'
import { type GenesisFile, genesisStateOf } from '#devnet/genesis.ts'
import { findBlock } from '#etherman/client.ts'
import type { RollupFacts } from '#etherman/rollupFacts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import type { GenesisState } from '#executor/genesis.ts'
import type { Hex } from '#protocol/primitives.ts'
import { checkContracts } from '../check/contracts.ts'
import type { Finding } from '../check/finding.ts'
import { compareRoots } from '../check/genesis.ts'
import { compareL1ChainId } from '../check/l1.ts'
import { formatFinding } from '../check/report.ts'
import { checkStart } from '../check/start.ts'
import { readGenesisFile } from './genesisFile.ts'

/** A network whose configuration and L1 agree, with what only L1 says. */
export type CheckedNetwork = { l1ChainId: number; rollup: RollupFacts; genesis: GenesisFile; state: GenesisState }

/**
 * Compares the configuration with the contracts, as `zknode check` does. @throws {ConfigError} naming each option that
 * differs @throws {GenesisFileError} {L1UnavailableError}
 */
export async function checkNetwork({ network, l1 }: Pick<NodeFile, 'network' | 'l1'>): Promise<CheckedNetwork> {
  const { root: inFile, timestamp, accounts, extraAccounts = 0 } = readGenesisFile(network.genesisFile)
  const rpc = createL1Rpc(l1)
  try {
    const { l1StartBlock, genesisRoot } = network
    const [chainId, head, start] = await Promise.all([
      rpc.call<Hex>('eth_chainId', []),
      rpc.call<Hex>('eth_blockNumber', []),
      findBlock(rpc, l1StartBlock),
    ])
    const l1ChainId = Number(chainId)
    const ofL1 = compareL1ChainId(network.l1ChainId, l1ChainId, new URL(l1.rpcUrls[0]!).host)
    const { findings, facts: rollup } = await checkContracts(rpc, network)
    assertFine([ofL1, ...findings, ...checkStart(l1StartBlock, Number(head))])
    const genesis = { timestamp: timestamp ?? start!.timestamp, accounts, extraAccounts }
    const state = await genesisStateOf(genesis)
    assertFine(compareRoots({ genesisRoot, onL1: rollup!.genesisRoot, inFile, built: state.root }))
    return { l1ChainId, rollup: rollup!, genesis, state }
  } finally {
    rpc.close()
  }
}

function assertFine(findings: readonly Finding[]): void {
  const faults = findings.filter(({ status }) => status === 'fault')
  if (faults.length === 0) return
  throw new ConfigError(`The configuration and L1 differ:\n${faults.flatMap(formatFinding).join('\n')}`)
}
