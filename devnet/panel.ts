import { performance } from 'node:perf_hooks'
import type { Network, SecondNode } from './network.ts'

const VERIFIER = {
  mock: 'MOCK: accepts any proof, and only provers that connect make them',
  fflonk: 'fflonk: only provers that connect make proofs',
}

/** What a user needs to begin, as text. `folder` is the data directory. */
export function renderPanel(network: Network, folder: string): string {
  const { secondNode } = network
  const rows: [string, string][] = [
    ['JSON-RPC', `${network.rpcUrl}  (in a browser: the status page)`],
    ['WebSocket', network.wsUrl],
    ['Chain id', String(network.chainId)],
    ['L1 JSON-RPC', `${network.l1RpcUrl}  (chain id ${network.l1ChainId})`],
    ['Rollup manager', network.contracts.rollupManager],
    ['Rollup', `${network.contracts.rollup}  (id ${network.rollupId}, fork ${network.forkId})`],
    ...(network.verifier === 'attestation' ? [] : [['Verifier', VERIFIER[network.verifier]] as [string, string]]),
    ...(network.proversAddress === undefined
      ? []
      : [['Remote provers', `${network.proversAddress}  (aggregator.v1)`] as [string, string]]),
    ['Temporal', `${network.temporalAddress}  (namespace ${network.temporalNamespace})`],
    ...(network.temporalUiUrl === undefined ? [] : [['Temporal UI', network.temporalUiUrl] as [string, string]]),
    ...(secondNode === undefined ? [] : secondNodeRows(secondNode)),
    ['Operations', `${network.operations.api}  (/ready, /metrics; of each process: network.json)`],
    ['Data and logs', folder],
  ]
  const accounts = network.accounts.slice(0, 3).map(({ address, privateKey }) => `  ${address}  ${privateKey}`)
  return [
    '',
    `zkNode is ready after ${(performance.now() / 1000).toFixed(1)} s`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(15)} ${value}`),
    '',
    '  Accounts with 10000 ETH on L2 and on L1 (public test keys; all ten are in network.json):',
    ...accounts,
    '',
    '  Ctrl-C stops everything; the next start goes on from here.',
    '',
  ].join('\n')
}

function secondNodeRows({ kind, rpcUrl, wsUrl, temporalNamespace }: SecondNode): [string, string][] {
  return [
    ['Second node', `${rpcUrl}  (${kind}, ${wsUrl})`],
    ['', `Temporal namespace ${temporalNamespace}`],
  ]
}
