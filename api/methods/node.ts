import { hexToBytes } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { ApiDeps } from '../deps.ts'
import { method } from '../method.ts'
import { dataParam } from '../params.ts'
import { CLIENT_VERSION } from '../version.ts'

/** net_, web3_ and rpc_: about the node itself. */
export const nodeMethods = ({ chainId, limits }: ApiDeps) => {
  const constant = (name: string, summary: string, value: unknown) =>
    method({ name, summary, cost: 1, params: [], handle: () => value })
  return [
    constant('net_version', 'Chain id as a decimal text', String(chainId)),
    constant('net_listening', 'true', true),
    constant('net_peerCount', 'Peers: this node has none', '0x0'),
    constant('web3_clientVersion', 'Name and version of the node', CLIENT_VERSION),
    method({
      name: 'web3_sha3',
      summary: 'Keccak-256 of bytes',
      cost: 1,
      params: [dataParam('data')],
      handle: ([data]) => keccakHex(hexToBytes(data)),
    }),
    constant(
      'rpc_modules',
      'Namespaces that are switched on, with their versions',
      Object.fromEntries([...limits.namespaces, 'rpc'].map((namespace) => [namespace, '1.0'])),
    ),
  ]
}
