import type { Address, BatchNumber, Hash, Hex } from '#protocol/primitives.ts'

export type L1TransactionPurpose = 'sequence' | 'verify' | 'approve' | 'other'

/** Limit of a transfer of nothing. */
export const EMPTY_TRANSACTION_GAS = 21_000

/**
 * created: the nonce is reserved. sent: a signed form is stored and was, or will be, broadcast. mined and reverted: L1
 * has it. cancelled: L1 has an empty transaction in its place. abandoned: nothing of it is on L1, and its nonce is
 * another one's.
 */
export type L1TransactionStatus = 'created' | 'sent' | 'mined' | 'reverted' | 'cancelled' | 'abandoned'

/** What is to be done on L1, once. */
export type NewL1Transaction = {
  /** Names what is to be done: `sequence-5-9`. A record is its n-th try: `sequence-5-9`, `sequence-5-9#2`, … */
  job: string
  purpose: L1TransactionPurpose
  fromBatch?: BatchNumber
  toBatch?: BatchNumber
  sender: Address
  recipient: Address
  data: Uint8Array
  gasLimit: number
  /** What the data was made of holds while this fence stands. */
  fence?: L1TransactionFence
}

/** Moved by whoever makes data outdated that was read before. */
export type L1TransactionFence = { name: string; epoch: number }

/** Without its data, which may be large: see `getData`. */
export type L1TransactionRecord = {
  id: string
  sender: Address
  recipient: Address
  nonce: number
  gasLimit: number
  status: L1TransactionStatus
  /** Of the attempt that was mined, else of the newest. */
  hash?: Hash
  l1BlockNumber?: number
  /** Why it reverted. */
  error?: string
  /** What it was to do is no longer wanted: `recipient`, `gasLimit` and data are those of an empty transaction. */
  withdrawn?: boolean
}

/**
 * A signed form of a transaction, see `getRaw`; fee bumps keep the nonce and add one. Fees in wei. `cancels`: empty, to
 * take the place of those before it.
 */
export type L1TransactionAttempt = {
  hash: Hash
  maxFeePerGas: bigint
  maxPriorityFeePerGas: bigint
  cancels: boolean
}

/** Attempts oldest first. */
export type UnfinishedL1Transaction = { record: L1TransactionRecord; attempts: L1TransactionAttempt[] }

/** Where the sender keeps its records: every method is durable when it returns. */
export interface L1TransactionStore {
  /** The newest record of a job. */
  findLast(job: string): Promise<L1TransactionRecord | undefined>
  /**
   * Makes the next record of a job with the sender's next nonce: the chain's, or one above the highest recorded. When
   * the newest record of the job is no longer `after` (an id), somebody was faster and that record is returned.
   * @throws when the transaction's fence was moved
   */
  reserve(
    transaction: NewL1Transaction,
    place: { after: string | undefined; chainNonce: number },
  ): Promise<L1TransactionRecord>
  /** Records of the sender that are created or sent, up to this nonce, lowest first. */
  findUnfinished(sender: Address, upToNonce: number): Promise<UnfinishedL1Transaction[]>
  /** @throws when there is none */
  get(id: string): Promise<L1TransactionRecord>
  /** Signed forms of a record, oldest first. */
  findAttempts(id: string): Promise<L1TransactionAttempt[]>
  /** Calldata of a record. @throws when there is none */
  getData(id: string): Promise<Uint8Array>
  /** Bytes of an attempt. @throws when there is none */
  getRaw(hash: Hash): Promise<Hex>
  /**
   * Stores a signed form before it is broadcast; the record is sent from here on. Whether it did: not on a record that
   * is finished, nor beside a form with the same fees or higher ones.
   */
  addAttempt(id: string, attempt: L1TransactionAttempt, raw: Hex): Promise<boolean>
  /** What L1 made of an unfinished transaction; without effect on one that is finished. */
  settle(
    id: string,
    outcome: { status: 'mined' | 'reverted' | 'cancelled'; hash: Hash; l1BlockNumber: number; error?: string },
  ): Promise<void>
  /** Gives up a transaction of which nothing was signed, unless later ones wait behind its nonce. Whether it did. */
  withdraw(id: string): Promise<boolean>
  /** From here on the unfinished record stands for an empty transaction to the sender itself, with this gas limit. */
  makeEmpty(id: string, gasLimit: number): Promise<void>
  /** Gives up an unfinished transaction whose nonce another one took. */
  abandon(id: string): Promise<void>
}
