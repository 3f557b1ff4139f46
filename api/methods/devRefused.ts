import type { ApiDeps } from '../deps.ts'
import { withNames } from '../dev/names.ts'
import { RPC_CODE, RpcError } from '../errors.ts'
import { type Method, method } from '../method.ts'
import { customParam, optional } from '../params.ts'

/** Taken as it comes: no value changes the answer. */
const anything = (name: string) => optional(customParam(name, {}, (value) => value))

const NOT_BY_A_TRANSACTION =
  'state changes by transactions alone, and a node that executes the blocks again would have another root'

type Refusal = { name: string; others: readonly string[]; params: readonly string[]; what: string; why: string }

const REFUSALS: readonly Refusal[] = [
  {
    ...{ name: 'dev_setCode', others: ['anvil_setCode', 'hardhat_setCode'], params: ['address', 'code'] },
    what: 'Puts code at an address',
    why: `${NOT_BY_A_TRANSACTION}. Deploy it, by create2 for an address known before; or see what code would do with the state overrides of eth_call`,
  },
  {
    ...{ name: 'dev_setNonce', others: ['anvil_setNonce', 'hardhat_setNonce'], params: ['address', 'nonce'] },
    what: 'Sets the nonce of an account',
    why: `${NOT_BY_A_TRANSACTION}. Send transactions until the nonce is there, or use a new account`,
  },
  {
    ...{ name: 'dev_setStorageAt', others: ['anvil_setStorageAt', 'hardhat_setStorageAt'] },
    ...{ params: ['address', 'slot', 'value'], what: 'Sets a slot of a contract' },
    why: `${NOT_BY_A_TRANSACTION}. Let the contract set it; or see what a value would do with the state overrides of eth_call`,
  },
  {
    ...{ name: 'dev_impersonateAccount', others: ['anvil_impersonateAccount', 'hardhat_impersonateAccount'] },
    ...{ params: ['address'], what: 'Takes transactions of an account without its signature' },
    why: 'batches hold signatures, and the sender is what they recover to. eth_call, eth_estimateGas and eth_simulateV1 take any from',
  },
  {
    ...{ name: 'dev_stopImpersonatingAccount', params: ['address'], what: 'Ends what dev_impersonateAccount began' },
    others: ['anvil_stopImpersonatingAccount', 'hardhat_stopImpersonatingAccount'],
    why: 'no account is ever impersonated: see dev_impersonateAccount',
  },
  {
    ...{ name: 'dev_reorg', others: ['anvil_reorg'], params: ['depth', 'transactions'] },
    what: 'Replaces the newest blocks',
    why: 'L2 is replaced only where L1 is: take back blocks of the open batch with dev_snapshot and dev_revert, or reorganise the local L1 with anvil_reorg on its own port, and this node follows',
  },
  {
    ...{ name: 'dev_loadState', others: ['anvil_loadState'], params: ['state'] },
    what: 'Adds a dumped state to this one',
    why: `${NOT_BY_A_TRANSACTION}. A state to begin with belongs into the genesis: accounts of genesis.json before the first start, npm start -- --extra-accounts`,
  },
  {
    ...{ name: 'dev_setIntervalMining', others: ['evm_setIntervalMining', 'anvil_setIntervalMining'] },
    ...{ params: ['interval'], what: 'Makes a block each so many seconds' },
    why: 'the sequencer reads it when it starts: sequencer.emptyBlockIntervalMs of its configuration',
  },
]

/** What no chain that others follow can do. The names are served so that a tool reads why, and what to do instead. */
export const devRefusedMethods = ({ dev }: ApiDeps): Method[] =>
  dev === undefined
    ? []
    : REFUSALS.flatMap(({ name, others, params, what, why }) => {
        const refuse = () => {
          throw new RpcError(RPC_CODE.notSupported, `refused: ${why}`)
        }
        const definition = { name, summary: `${what}: refused, with the reason`, cost: 1 as const }
        return withNames(method({ ...definition, params: params.map(anything), result: {}, handle: refuse }), ...others)
      })
