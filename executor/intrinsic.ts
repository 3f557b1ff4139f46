import type { Transaction } from '#protocol/transaction.ts'
import { TWO_256 } from './words.ts'
import type { AccountState } from './worldState.ts'

/** Why a transaction is skipped: no nonce, fee or receipt. Names as in the prover's RomError. */
export type IntrinsicError =
  | 'INTRINSIC_INVALID_SIGNATURE'
  | 'INTRINSIC_INVALID_SENDER_CODE'
  | 'INTRINSIC_INVALID_CHAIN_ID'
  | 'INTRINSIC_INVALID_NONCE'
  | 'INTRINSIC_INVALID_BATCH_GAS_LIMIT'
  | 'INTRINSIC_INVALID_GAS_LIMIT'
  | 'INTRINSIC_TX_GAS_OVERFLOW'
  | 'INTRINSIC_INVALID_BALANCE'

/** Most gas one transaction may ask for. */
export const TRANSACTION_GAS_LIMIT = 30_000_000n

/** First of the program's checks the transaction fails, its signature apart; undefined when it may run. */
export function findIntrinsicError(
  { chainId, nonce, gasLimit, value }: Transaction,
  {
    sender,
    batchChainId,
    gas,
    gasPrice,
  }: { sender: AccountState; batchChainId: number; gas: number; gasPrice: bigint },
): IntrinsicError | undefined {
  if (sender.codeSize !== 0) return 'INTRINSIC_INVALID_SENDER_CODE'
  if (chainId !== undefined && chainId !== BigInt(batchChainId)) return 'INTRINSIC_INVALID_CHAIN_ID'
  if (nonce !== sender.nonce) return 'INTRINSIC_INVALID_NONCE'
  if (gasLimit > TRANSACTION_GAS_LIMIT) return 'INTRINSIC_INVALID_BATCH_GAS_LIMIT'
  if (gasLimit < BigInt(gas)) return 'INTRINSIC_INVALID_GAS_LIMIT'
  const fee = gasPrice * gasLimit
  if (fee >= TWO_256) return 'INTRINSIC_TX_GAS_OVERFLOW'
  // A sum beyond 256 bits is beyond any balance.
  if (sender.balance < fee + value) return 'INTRINSIC_INVALID_BALANCE'
  return undefined
}
