import { findCursor } from '#db/rpc/batches.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'

/** Facts about network and node. */
export const ethChainMethods = ({ db, head, chainId, coinbase }: ApiDeps) => {
  const constant = (name: string, summary: string, value: unknown) =>
    method({ name, summary, cost: 1, params: [], handle: () => value })
  return [
    constant('eth_chainId', 'Chain id, EIP-155', quantity(chainId)),
    method({
      name: 'eth_blockNumber',
      summary: 'Number of the newest block',
      cost: 1,
      params: [],
      handle: () => quantity(head.latest.blockNumber),
    }),
    method({
      name: 'eth_syncing',
      summary: 'false, or how far the reading of L1 is',
      cost: 2,
      params: [],
      handle: async () => {
        const cursor = await findCursor(db, 'synchronizer')
        if (cursor === undefined || cursor.target - cursor.position <= SYNCED_L1_BLOCKS) return false
        const current = quantity(head.latest.blockNumber)
        return { startingBlock: '0x0', currentBlock: current, highestBlock: current }
      },
    }),
    constant('eth_coinbase', 'Address that receives the fees', coinbase),
    constant('eth_accounts', 'Accounts whose keys the node holds: none', []),
    constant('eth_protocolVersion', 'Not an Ethereum wire protocol: 0', '0x0'),
    constant('eth_mining', 'false: there is no proof of work', false),
    constant('eth_hashrate', 'Hashes per second: none', '0x0'),
  ]
}

/** L1 blocks the reader may be behind and still counts as synced: the pace of its polls. */
const SYNCED_L1_BLOCKS = 5
