import { configuration, readForkConfig } from '../chain/forkConfig.ts'
import { readSyncStatus } from '../chain/syncing.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { constantMethod, method } from '../method.ts'
import * as schema from '../schemas.ts'

const syncStatus = schema.object({
  startingBlock: schema.quantity,
  currentBlock: schema.quantity,
  highestBlock: schema.quantity,
})

const resource = schema.object({ disabled: schema.boolean }, { oldestBlock: schema.quantity })
const capabilities = schema.object({
  head: schema.object({ number: schema.quantity, hash: schema.hash }),
  ...{ state: resource, tx: resource, logs: resource, receipts: resource, blocks: resource, stateproofs: resource },
})
const WHOLE = { disabled: false, oldestBlock: '0x0' }

/** Facts about network and node. */
export const ethChainMethods = (deps: ApiDeps) => {
  const { head, chainId, coinbase } = deps
  return [
    constantMethod('eth_chainId', 'Chain id, EIP-155', quantity(chainId)),
    method({
      name: 'eth_blockNumber',
      summary: 'Number of the newest block',
      cost: 1,
      params: [],
      result: schema.quantity,
      handle: () => quantity(head.latest.blockNumber),
    }),
    method({
      name: 'eth_syncing',
      summary: 'false, or the blocks there are while L1 is still being read; zkevm_syncStatus tells how far that is',
      cost: 2,
      params: [],
      result: schema.either(schema.constant(false), syncStatus),
      handle: async () => await readSyncStatus(deps),
    }),
    method({
      name: 'eth_config',
      summary: 'What the fork in force has: EIP-7910, with the fork of the rollup',
      cost: 2,
      params: [],
      result: configuration,
      handle: async () => ({ current: await readForkConfig(deps), next: null, last: null }),
    }),
    method({
      name: 'eth_capabilities',
      summary: 'What of the past is kept: all; proofs are those of zkevm_getProof',
      cost: 1,
      params: [],
      result: capabilities,
      handle: () => ({
        head: { number: quantity(head.latest.blockNumber), hash: head.latest.hash },
        ...{ state: WHOLE, tx: WHOLE, logs: WHOLE, receipts: WHOLE, blocks: WHOLE, stateproofs: { disabled: true } },
      }),
    }),
    constantMethod('eth_getCompilers', 'Compilers: none', []),
    constantMethod('eth_coinbase', 'Address that receives the fees', coinbase),
    constantMethod('eth_accounts', 'Accounts whose keys the node holds: none', []),
    constantMethod('eth_protocolVersion', 'Not an Ethereum wire protocol: 0', '0x0'),
    constantMethod('eth_mining', 'false: there is no proof of work', false),
    constantMethod('eth_hashrate', 'Hashes per second: none', '0x0'),
  ]
}
