import { Wallet } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { readNextNonce } from '#db/pool.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { Address, type Hash, type Hex } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'

/** An account whose key this node has: what it gives, it has. */
export type Faucet = { address: Address; pay: (deps: ApiDeps, to: Address, value: bigint) => Promise<Hash> }

/** A transfer to a contract may run code. */
const GAS_LIMIT = 200_000

export function createFaucet(privateKey: Hex): Faucet {
  const wallet = new Wallet(privateKey)
  const address = Address(wallet.address)
  let last: Promise<unknown> = Promise.resolve()

  async function send({ db, intake, chainId, minGasPriceWei }: ApiDeps, to: Address, value: bigint): Promise<Hash> {
    const [account] = await createDatabaseStateReader(db).getAccounts([address])
    const cost = value + BigInt(GAS_LIMIT) * minGasPriceWei
    if (account!.balance < cost)
      throw serverError(`refused: this takes ${cost} wei, and the faucet ${address} has ${account!.balance}`)
    const nonce = await readNextNonce(db, address)
    const raw = await wallet.signTransaction({
      ...{ type: 0, chainId, nonce, to, value, gasPrice: minGasPriceWei, gasLimit: GAS_LIMIT },
    })
    const [result] = await intake.submit([hexToBytes(raw as Hex)])
    if ('error' in result!) throw result.error
    return result!.hash
  }

  return {
    address,
    // One after the other: each takes the next nonce.
    pay: (deps, to, value) => {
      const sent = last.then(() => send(deps, to, value))
      last = sent.catch(() => undefined)
      return sent
    },
  }
}
