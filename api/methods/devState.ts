import { createDatabaseStateReader } from '#db/stateReader.ts'
import type { Address } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import type { DevTools } from '../dev/devTools.ts'
import { dumpState } from '../dev/dumpState.ts'
import { withNames } from '../dev/names.ts'
import { RPC_CODE, RpcError, serverError } from '../errors.ts'
import { method } from '../method.ts'
import { addressParam, booleanParam, optional, quantityParam } from '../params.ts'
import * as schema from '../schemas.ts'
import { waitForReceipt } from './ethSendSync.ts'

const INCLUSION_TIMEOUT_MS = 30_000

const refused = (text: string) => new RpcError(RPC_CODE.notSupported, `refused: ${text}`)

/** What of the state can be given honestly, by a transaction, and all of it to read. */
export const devStateMethods = (deps: ApiDeps) => {
  const { dev } = deps
  return dev === undefined ? [] : createDevStateMethods(deps, dev)
}

function createDevStateMethods(deps: ApiDeps, { faucet }: DevTools) {
  const { db } = deps

  const balanceOf = async (address: Address) => (await createDatabaseStateReader(db).getAccounts([address]))[0]!.balance

  async function setBalance(address: Address, wanted: bigint, signal: AbortSignal | undefined): Promise<null> {
    const balance = await balanceOf(address)
    if (wanted === balance) return null
    if (wanted < balance)
      throw refused(
        `${address} has ${balance} wei, and only its owner can give some away; ` +
          'another node that executes the blocks would not agree. Use an account that has less',
      )
    if (faucet === undefined) throw refused('this node has no account to pay from (dev.faucetKey)')
    if (address === faucet.address) throw refused(`${address} is the account that pays; use another`)
    if (address === deps.coinbase)
      throw refused(`${address} gets the fees of the blocks, also of this one; use another`)
    const hash = await faucet.pay(deps, address, wanted - balance)
    const receipt = await waitForReceipt(deps, hash, { timeoutMs: INCLUSION_TIMEOUT_MS, signal })
    if (receipt === undefined) throw serverError(`the transfer ${hash} waits for the sequencer: look for its receipt`)
    if (receipt.status !== '0x1') throw serverError(`the transfer ${hash} was refused by the code of ${address}`)
    return null
  }

  return [
    ...withNames(
      method({
        name: 'dev_setBalance',
        summary: 'Gives an account what it lacks, by a transfer from the faucet; less than it has is refused',
        cost: 50,
        params: [addressParam('address'), quantityParam('balance')],
        result: schema.constant(null),
        handle: async ([address, balance], { signal }) => await setBalance(address, balance, signal),
      }),
      ...['anvil_setBalance', 'hardhat_setBalance'],
    ),
    ...withNames(
      method({
        name: 'dev_dumpState',
        summary: 'The newest state, without history, as anvil dumps it: hex of gzip of JSON',
        cost: 200,
        params: [optional(booleanParam('preserveHistoricalStates'))],
        result: schema.bytes,
        handle: async ([history = false], { signal }) => {
          if (history) throw refused('only the newest state is dumped; any block can be read with debug_accountRange')
          return await dumpState(deps, signal)
        },
      }),
      ...['anvil_dumpState'],
    ),
  ]
}
