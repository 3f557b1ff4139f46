import { Contract, type InterfaceAbi, isError, type TransactionReceipt } from 'ethers'
import { NodeError } from '#common/errors.ts'
import { polAbi, rollupAbi, rollupManagerAbi } from '#contracts/abi.ts'
import type { L1Contracts } from '#etherman/events.ts'
import type { L1Signer } from '#etherman/l1Signer.ts'
import { describeRevert } from '#etherman/reverts.ts'
import { L1AccountSigner } from './l1AccountSigner.ts'
import { L1Provider } from './l1Provider.ts'

/** L1 will not take the transaction; `revert` in the message is the contract's own word. */
export class L1CommandRefusedError extends NodeError {
  override readonly name = 'L1CommandRefusedError'
}

/** Contracts of a rollup, as one account of L1 sees them. */
export type L1Account = {
  address: string
  provider: L1Provider
  rollup: Contract
  manager: Contract
  pol: Contract
  /** Simulates, sends and waits until it is mined. @throws {L1CommandRefusedError} */
  send(contract: Contract, method: string, args: readonly unknown[]): Promise<TransactionReceipt>
  close(): void
}

const MINED_TIMEOUT_MS = 10 * 60_000

export function openL1Account(place: {
  rpcUrls: readonly string[]
  signer: L1Signer
  contracts: L1Contracts
}): L1Account {
  const { rpcUrls, signer, contracts } = place
  const provider = new L1Provider(rpcUrls)
  const account = new L1AccountSigner(signer, provider)
  const at = (address: string, abi: InterfaceAbi) => new Contract(address, abi, account)
  return {
    address: signer.address,
    provider,
    rollup: at(contracts.rollup, [...rollupAbi]),
    manager: at(contracts.rollupManager, [...rollupManagerAbi]),
    pol: at(contracts.pol, [...polAbi]),
    async send(contract, method, args) {
      try {
        const sent = await contract.getFunction(method).send(...args)
        return (await sent.wait(1, MINED_TIMEOUT_MS))!
      } catch (cause) {
        if (!isError(cause, 'CALL_EXCEPTION')) throw cause
        const revert = cause.data ? describeRevert(cause.data) : cause.shortMessage
        throw new L1CommandRefusedError('L1 refuses the transaction.', { cause, facts: { method, revert } })
      }
    },
    close: () => provider.destroy(),
  }
}

/** Lets the rollup contract pull this much POL, unless it may already. @throws {L1CommandRefusedError} */
export async function allowPol({ address, pol, rollup, send }: L1Account, amountWei: bigint): Promise<void> {
  const spender = await rollup.getAddress()
  const [balance, allowed] = (await Promise.all([
    pol.getFunction('balanceOf')(address),
    pol.getFunction('allowance')(address, spender),
  ])) as [bigint, bigint]
  if (balance < amountWei)
    throw new L1CommandRefusedError('The account has too little POL for the fee.', {
      facts: { account: address, polWei: String(balance), neededWei: String(amountWei) },
    })
  if (allowed < amountWei) await send(pol, 'approve', [spender, amountWei])
}
