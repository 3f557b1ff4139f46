import { computeAddress } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { type FeeTransaction, type SignedTransaction, signTransaction } from './signTransaction.ts'

/** An account of L1 that can sign. */
export type L1Signer = {
  address: Address
  /**
   * Signed form of exactly this transaction, by exactly this account. Asked again it may give other bytes.
   * @throws {L1SignerUnavailableError} to be tried again, {L1SignerRefusedError} {L1SignerMismatchError}
   */
  signTransaction(transaction: FeeTransaction): Promise<SignedTransaction>
  /** @throws {L1SignerUnavailableError} {L1SignerRefusedError} when it could not sign now */
  assertReady(): Promise<void>
}

/** Signs with a key of this process, which never leaves the closure. */
export function createLocalSigner(privateKey: Hex): L1Signer {
  const secretKey = hexToBytes(privateKey)
  return {
    address: Address(computeAddress(privateKey)),
    signTransaction: async (transaction) => signTransaction(transaction, secretKey),
    assertReady: async () => {},
  }
}
