import type { Hex } from '#protocol/primitives.ts'

/** An account both chains start with. */
export type InitialAccount = {
  code?: Uint8Array
  storage?: Readonly<Record<string, bigint>>
  balance?: bigint
  nonce?: bigint
}

/** One transaction, and the accounts only it uses. */
export type Case = {
  name: string
  /** By address: in hex, or a number. */
  accounts: Readonly<Record<number | string, InitialAccount>>
  /** An address in hex, or a number; undefined deploys `data`. */
  to: number | string | undefined
  data?: Uint8Array
  /** wei */
  value?: bigint
  /** Default 1,000,000. */
  gasLimit?: bigint
  /** Slots that were set before and are zero after the transaction. Such a transaction may have no other refund. */
  clearedSlots?: number
}

/** What a transaction did, as both chains report it. */
export type TransactionEffect = {
  status: number
  gasUsed: number
  returnData: Hex
  logs: { address: Hex; topics: readonly Hex[]; data: Hex }[]
  contractAddress: Hex | undefined
}

/** An account that is not empty. Values in hex without leading zeros. */
export type AccountEffect = { nonce: number; balance: Hex; code: Hex; storage: Record<string, string> }

/** Effects of the transactions in order, and the whole state afterwards, addresses in order. */
export type Run = { transactions: TransactionEffect[]; state: Record<string, AccountEffect> }

/** Private key, a number, of the account that sends every transaction. */
export const SENDER_KEY = 0x5eed
export const SENDER_BALANCE = 10n ** 30n
/** Seconds; of the only block of a run. Its number is 1. */
export const BLOCK_TIMESTAMP = 1_700_000_000
export const GAS_PRICE = 1_000_000_000n

/** Cases are given addresses of their own: those of the n-th case start here. */
export function caseAddress(index: number): number {
  return 0x100000 + index * 0x100
}

/** EIP-2200. */
const CLEAR_REFUND = 15_000
/** EIP-3529, of London: what anvil 1.7 gives back at Berlin too. */
const ANVIL_CLEAR_REFUND = 4800

/** Gas used at Berlin, from what anvil says a transaction used that cleared so many slots. */
export function berlinGasUsed(anvilGasUsed: number, clearedSlots: number): number {
  const gasSpent = anvilGasUsed + ANVIL_CLEAR_REFUND * clearedSlots
  return gasSpent - Math.min(CLEAR_REFUND * clearedSlots, Math.floor(gasSpent / 2))
}
