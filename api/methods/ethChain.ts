import { BEHIND_BLOCKS, readL1Progress } from '#db/rpc/l1Progress.ts'
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
      summary: 'false, or how far the reading of L1 is, in L1 blocks and seconds',
      cost: 2,
      params: [],
      handle: async () => {
        const l1 = await readL1Progress(db)
        if (l1 === undefined || l1.target - l1.position <= BEHIND_BLOCKS) return false
        const current = quantity(head.latest.blockNumber)
        return {
          ...{ startingBlock: '0x0', currentBlock: current, highestBlock: current },
          ...{ l1StartingBlock: quantity(l1.start), l1CurrentBlock: quantity(l1.position) },
          ...{ l1HighestBlock: quantity(l1.target), etaSeconds: l1.etaSeconds ?? null },
        }
      },
    }),
    constant('eth_coinbase', 'Address that receives the fees', coinbase),
    constant('eth_accounts', 'Accounts whose keys the node holds: none', []),
    constant('eth_protocolVersion', 'Not an Ethereum wire protocol: 0', '0x0'),
    constant('eth_mining', 'false: there is no proof of work', false),
    constant('eth_hashrate', 'Hashes per second: none', '0x0'),
  ]
}
