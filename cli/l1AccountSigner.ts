import { type Provider, Transaction, type TransactionLike, type TransactionRequest, VoidSigner } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import type { Fees } from '#etherman/fees.ts'
import type { L1Signer } from '#etherman/l1Signer.ts'
import { Address, type Hex } from '#protocol/primitives.ts'

/** An account of L1, as contracts of ethers want it to send from. */
export class L1AccountSigner extends VoidSigner {
  readonly #signer: L1Signer

  constructor(signer: L1Signer, provider: Provider) {
    super(signer.address, provider)
    this.#signer = signer
  }

  /** Of a call without value, as the commands send them; ethers has filled in the rest. */
  override async signTransaction(request: TransactionRequest): Promise<string> {
    const transaction = Transaction.from(request as TransactionLike<string>)
    const { chainId, nonce, gasLimit, to, data } = transaction
    const fields = { chainId: Number(chainId), nonce, gasLimit: Number(gasLimit), data: hexToBytes(data as Hex) }
    const signed = await this.#signer.signTransaction({ ...fields, to: Address(to!), ...feesOf(transaction) })
    return signed.raw
  }
}

/** L1s without base fees get a gas price. */
function feesOf({ type, gasPrice, maxFeePerGas, maxPriorityFeePerGas }: Transaction): Fees {
  if (type === 2) return { maxFeePerGas: maxFeePerGas!, maxPriorityFeePerGas: maxPriorityFeePerGas! }
  return { maxFeePerGas: gasPrice!, maxPriorityFeePerGas: gasPrice!, legacy: true }
}
