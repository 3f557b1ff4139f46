import { hexToBytes } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { ApiDeps } from '../deps.ts'
import { constantMethod, method } from '../method.ts'
import { dataParam } from '../params.ts'
import * as schema from '../schemas.ts'
import { CLIENT_VERSION } from '../wire/version.ts'

/** net_ and web3_: about the node itself. */
export const nodeMethods = ({ chainId }: ApiDeps) => {
  return [
    constantMethod('net_version', 'Chain id as a decimal text', String(chainId)),
    constantMethod('net_listening', 'true', true),
    constantMethod('net_peerCount', 'Peers: this node has none', '0x0'),
    constantMethod('web3_clientVersion', 'Name and version of the node', CLIENT_VERSION),
    method({
      name: 'web3_sha3',
      summary: 'Keccak-256 of bytes',
      cost: 1,
      params: [dataParam('data')],
      result: schema.hash,
      handle: ([data]) => keccakHex(hexToBytes(data)),
    }),
  ]
}
