import { join } from 'node:path'
import { NodeError } from '#common/errors.ts'
import type { ProcessRole } from '#config/ops.ts'
import type { VerifierKind } from '#config/schema.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { readJson, writeJson } from './dataFolder.ts'
import type { SecondNodeKind } from './options.ts'

/** No network runs in the data directory. */
export class NetworkNotRunningError extends NodeError {
  override readonly name = 'NetworkNotRunningError'
}

/** A node that follows the first one's chain. */
export type SecondNode = {
  kind: SecondNodeKind
  rpcUrl: string
  wsUrl: string
  temporalNamespace: string
  databaseUrl: string
}

/** `network.json` of the data directory: there while the network is ready. Other programs may read it. */
export type Network = {
  rpcUrl: string
  wsUrl: string
  l1RpcUrl: string
  /** host:port */
  temporalAddress: string
  temporalNamespace: string
  /** Absent when TEMPORAL_ADDRESS names a server of somebody else. */
  temporalUiUrl?: string
  databaseUrl: string
  /** URLs of the operations ports, by process: /ready, /status, /metrics. */
  operations: Partial<Record<ProcessRole, string>>
  /** A second node, with --nodes 2. */
  secondNode?: SecondNode
  chainId: number
  l1ChainId: number
  forkId: number
  rollupId: number
  /** What the verifier contract checks. */
  verifier: VerifierKind
  /** host:port where provers dial in that speak aggregator.v1; absent where none may. */
  proversAddress?: string
  contracts: {
    rollupManager: Address
    rollup: Address
    globalExitRoot: Address
    pol: Address
    verifier: Address
    bridge: Address
  }
  /** Funded on L2. Their keys are public knowledge: worth nothing on any other network. */
  accounts: readonly { address: Address; privateKey: Hex }[]
}

const pathOf = (folder: string) => join(folder, 'network.json')

/** @throws {NetworkNotRunningError} */
export function readNetwork(folder: string): Network {
  const network = readJson<Network>(pathOf(folder))
  if (network === undefined)
    throw new NetworkNotRunningError('No network is ready in this data directory: start one with npm start.', {
      facts: { folder },
    })
  return network
}

export function writeNetwork(folder: string, network: Network): void {
  writeJson(pathOf(folder), network)
}
