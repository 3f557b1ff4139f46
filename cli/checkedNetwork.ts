import type { GenesisFile } from '#devnet/genesis.ts'
import { genesisStateOf } from '#devnet/genesis.ts'
import { findBlock } from '#etherman/client.ts'
import { WrongL1Error } from '#etherman/errors.ts'
import { type RollupFacts, readRollupFacts } from '#etherman/rollupFacts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import type { GenesisState } from '#executor/genesis.ts'
import type { Hex } from '#protocol/primitives.ts'
import { type NetworkFile, NetworkFileError } from './networkFile.ts'

const REQUEST_TIMEOUT_MS = 10_000

/** A network whose file and L1 agree, with what only L1 says. */
export type CheckedNetwork = { l1ChainId: number; rollup: RollupFacts; genesis: GenesisFile; state: GenesisState }

/** Compares the file with the contracts. @throws {NetworkFileError} naming what differs @throws {WrongL1Error} */
export async function checkNetwork(file: NetworkFile): Promise<CheckedNetwork> {
  const rpc = createL1Rpc({ rpcUrl: file.l1RpcUrl, requestTimeoutMs: REQUEST_TIMEOUT_MS })
  try {
    const rollup = await readRollupFacts(rpc, file.rollupManager, file.rollupId)
    assertSame('rollup', file.rollup, rollup.rollup)
    assertSame('l2ChainId', file.l2ChainId, rollup.l2ChainId)
    const { l1StartBlock } = file
    const start = await findBlock(rpc, l1StartBlock)
    if (start === undefined) throw new WrongL1Error('L1 has no such block to start at.', { facts: { l1StartBlock } })
    const { accounts, root, timestamp = start.timestamp } = file.genesis
    const genesis = { timestamp, accounts }
    const state = await genesisStateOf(genesis)
    assertSame('genesis.root', root ?? state.root, state.root)
    assertSame('genesis', state.root, rollup.genesisRoot ?? state.root)
    return { l1ChainId: Number(await rpc.call<Hex>('eth_chainId', [])), rollup, genesis, state }
  } finally {
    rpc.close()
  }
}

function assertSame(option: string, ours: string | number, actual: string | number): void {
  if (ours === actual) return
  throw new NetworkFileError('The network file and L1 differ.', { facts: { option, file: ours, actual } })
}
