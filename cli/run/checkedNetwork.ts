import { ConfigError } from '#config/load.ts'
import type { NodeFile } from '#config/schema.ts'
import { type GenesisFile, genesisStateOf } from '#devnet/genesis.ts'
import { findBlock } from '#etherman/client.ts'
import { WrongL1Error } from '#etherman/errors.ts'
import { type RollupFacts, readRollupFacts } from '#etherman/rollupFacts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import type { GenesisState } from '#executor/genesis.ts'
import type { Hex } from '#protocol/primitives.ts'
import { readGenesisFile } from './genesisFile.ts'

/** A network whose configuration and L1 agree, with what only L1 says. */
export type CheckedNetwork = { l1ChainId: number; rollup: RollupFacts; genesis: GenesisFile; state: GenesisState }

/**
 * Compares the configuration with the contracts. @throws {ConfigError} naming the option that differs
 * @throws {GenesisFileError} {WrongL1Error}
 */
export async function checkNetwork({ network, l1 }: Pick<NodeFile, 'network' | 'l1'>): Promise<CheckedNetwork> {
  const { root, timestamp, accounts, extraAccounts = 0 } = readGenesisFile(network.genesisFile)
  const rpc = createL1Rpc(l1)
  try {
    const l1ChainId = Number(await rpc.call<Hex>('eth_chainId', []))
    assertSame('network.l1ChainId', network.l1ChainId, l1ChainId)
    const { contracts, rollupId, l1StartBlock } = network
    const rollup = await readRollupFacts(rpc, contracts.rollupManager, rollupId)
    assertSame('network.contracts.rollup', contracts.rollup, rollup.rollup)
    assertSame('network.chainId', network.chainId, rollup.l2ChainId)
    assertSame('network.contracts.verifier', contracts.verifier, rollup.verifier)
    const start = await findBlock(rpc, l1StartBlock)
    if (start === undefined)
      throw new WrongL1Error('L1 has no such block to start at (network.l1StartBlock).', { facts: { l1StartBlock } })
    const genesis = { timestamp: timestamp ?? start.timestamp, accounts, extraAccounts }
    const state = await genesisStateOf(genesis)
    assertSame('the root in the genesis file', root, state.root, 'its accounts')
    assertSame('network.genesisRoot', network.genesisRoot, state.root, 'the genesis file')
    assertSame('network.genesisFile', state.root, rollup.genesisRoot ?? state.root)
    return { l1ChainId, rollup, genesis, state }
  } finally {
    rpc.close()
  }
}

type Fact = string | number

/** What the configuration leaves out differs from nothing. */
function assertSame(option: string, ours: Fact | undefined, actual: Fact, where = 'L1'): void {
  if (ours === undefined || ours === actual) return
  throw new ConfigError(`${option} is not what ${where} has.`, { facts: { option: ours, actual } })
}
