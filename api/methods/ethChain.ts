import { BEHIND_BLOCKS, readL1Progress } from '#db/rpc/l1Progress.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { constantMethod, method } from '../method.ts'
import * as schema from '../schemas.ts'

/** Heights of blocks; those of L1, which are what is read, beside them. */
const syncStatus = schema.component(
  'syncStatus',
  schema.object({
    startingBlock: schema.quantity,
    currentBlock: schema.quantity,
    highestBlock: schema.quantity,
    l1StartingBlock: schema.quantity,
    l1CurrentBlock: schema.quantity,
    l1HighestBlock: schema.quantity,
    etaSeconds: schema.nullable(schema.number),
  }),
)

/** Facts about network and node. */
export const ethChainMethods = ({ db, head, chainId, coinbase }: ApiDeps) => {
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
      summary: 'false, or how far the reading of L1 is, in L1 blocks and seconds',
      cost: 2,
      params: [],
      result: schema.either(schema.constant(false), syncStatus),
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
    constantMethod('eth_coinbase', 'Address that receives the fees', coinbase),
    constantMethod('eth_accounts', 'Accounts whose keys the node holds: none', []),
    constantMethod('eth_protocolVersion', 'Not an Ethereum wire protocol: 0', '0x0'),
    constantMethod('eth_mining', 'false: there is no proof of work', false),
    constantMethod('eth_hashrate', 'Hashes per second: none', '0x0'),
  ]
}
