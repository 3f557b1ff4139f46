import { NodeError } from '#common/errors.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { decodeRawTransaction, type Transaction, UnsupportedTransactionTypeError } from '#protocol/transaction.ts'
import { TransactionRejectedError } from './rejection.ts'

/** Bounds of the pool; `config.pool` and the network's chain id. */
export type PoolRules = {
  chainId: number
  /** Nonces taken ahead of the account's: the highest is account nonce + accountQueue - 1. */
  accountQueue: number
  /** Transactions that may wait in all. */
  globalQueue: number
  /** As a batch carries it, percentage byte included. */
  maxTransactionBytes: number
  maxTransactionDataBytes: number
  minGasPriceWei: bigint
  allowUnprotected: boolean
  priceBumpPercent: number
}

/** Most gas one transaction may ask for, whatever the block's limit: the zkEVM program's bound. */
export const MAX_TRANSACTION_GAS = 30_000_000n

/** Decoded, with its hash; not judged yet. */
export type Submission = { transaction: Transaction; hash: Hash; raw: Uint8Array }

/** A transaction of the pool as a row holds it. Units as in `Transaction`. */
export type PooledTransaction = {
  hash: Hash
  sender: Address
  nonce: number
  gasPrice: bigint
  gasLimit: number
  /** value + gasLimit * gasPrice, wei. */
  cost: bigint
  raw: Uint8Array
}

/** What the rules need to know of a sender. */
export type SenderView = {
  /** Account nonce after the newest block. */
  nonce: number
  /** wei, after the newest block */
  balance: bigint
  hasCode: boolean
  blocked: boolean
  /** Its waiting transactions by nonce, for the nonces of the group at least. */
  pending: Map<number, { hash: Hash; gasPrice: bigint }>
  /** How many wait from the account's nonce on; counted only when a nonce of the group is beyond `accountQueue`. */
  waitingCount: number
}

/** State of pool and chain that a group of transactions is judged on. `admit` keeps it current as it accepts. */
export type PoolView = {
  senders: Map<Address, SenderView>
  /** Those of the group's hashes that are in a block. */
  minedHashes: ReadonlySet<Hash>
  pendingCount: number
}

/** @throws {TransactionRejectedError} */
export function decodeSubmission(raw: Uint8Array): Submission {
  try {
    return { transaction: decodeRawTransaction(raw), hash: keccakHex(raw), raw }
  } catch (cause) {
    if (cause instanceof UnsupportedTransactionTypeError)
      throw new TransactionRejectedError('unsupportedType', undefined, cause)
    if (cause instanceof NodeError) throw new TransactionRejectedError('undecodable', cause.shortMessage, cause)
    throw cause
  }
}

/** Rules that need nothing but the transaction; cheap, so they come before the signature. @throws {TransactionRejectedError} */
export function checkTransaction({ transaction, raw }: Submission, rules: PoolRules): void {
  const { chainId, gasLimit, gasPrice, data } = transaction
  if (chainId === undefined && !rules.allowUnprotected) throw new TransactionRejectedError('unprotected')
  if (chainId !== undefined && chainId !== BigInt(rules.chainId))
    throw new TransactionRejectedError('invalidChainId', `have ${chainId} want ${rules.chainId}`)
  if (raw.length + 1 > rules.maxTransactionBytes || data.length > rules.maxTransactionDataBytes)
    throw new TransactionRejectedError(
      'oversized',
      `transaction size ${raw.length}, limit ${rules.maxTransactionBytes}`,
    )
  if (gasLimit > MAX_TRANSACTION_GAS) throw new TransactionRejectedError('gasLimit')
  if (gasPrice < rules.minGasPriceWei)
    throw new TransactionRejectedError('underpriced', `gas price ${gasPrice}, minimum needed ${rules.minGasPriceWei}`)
  const neededGas = BigInt(intrinsicGas(transaction.data, transaction.to === undefined))
  if (gasLimit < neededGas)
    throw new TransactionRejectedError('intrinsicGas', `gas ${gasLimit}, minimum needed ${neededGas}`)
}

/**
 * Judges one transaction on the view and, when it is taken, counts it there: transactions of one group see each other.
 * Order of the rules: zkevm-node, pool. @throws {TransactionRejectedError}
 */
export function admit(submission: Submission, from: Address, view: PoolView, rules: PoolRules): PooledTransaction {
  const { hash, transaction, raw } = submission
  const sender = view.senders.get(from)!
  if (view.minedHashes.has(hash)) throw new TransactionRejectedError('alreadyKnown')
  if (sender.blocked) throw new TransactionRejectedError('blockedSender')
  if (sender.hasCode) throw new TransactionRejectedError('invalidSender', 'sender is a contract')
  const nonce = checkNonce(transaction.nonce, sender, rules)
  const waiting = sender.pending.get(nonce)
  if (waiting?.hash === hash) throw new TransactionRejectedError('alreadyKnown')
  if (waiting === undefined && view.pendingCount >= rules.globalQueue) throw new TransactionRejectedError('poolFull')
  const { gasPrice } = transaction
  const cost = checkFunds(transaction, sender.balance)
  if (waiting !== undefined && !isReplacement(gasPrice, waiting.gasPrice, rules.priceBumpPercent))
    throw new TransactionRejectedError('replacementUnderpriced')
  if (waiting === undefined) {
    view.pendingCount += 1
    sender.waitingCount += 1
  }
  sender.pending.set(nonce, { hash, gasPrice })
  return { hash, sender: from, nonce, gasPrice, gasLimit: Number(transaction.gasLimit), cost, raw }
}

function checkNonce(nonce: bigint, sender: SenderView, { accountQueue }: PoolRules): number {
  const facts = `next nonce ${sender.nonce}, tx nonce ${nonce}`
  if (nonce < BigInt(sender.nonce)) throw new TransactionRejectedError('nonceTooLow', facts)
  if (nonce >= BigInt(sender.nonce + accountQueue)) {
    if (sender.waitingCount < accountQueue) throw new TransactionRejectedError('nonceTooHigh', facts)
    throw new TransactionRejectedError('accountFull', `${accountQueue} transactions wait`)
  }
  return Number(nonce)
}

function checkFunds({ value, gasLimit, gasPrice }: Transaction, balance: bigint): bigint {
  const cost = value + gasLimit * gasPrice
  if (cost > balance)
    throw new TransactionRejectedError(
      'insufficientFunds',
      `balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
    )
  return cost
}

/** Whether a price is at least `bumpPercent` above the one it replaces. */
export function isReplacement(gasPrice: bigint, oldGasPrice: bigint, bumpPercent: number): boolean {
  return gasPrice * 100n >= oldGasPrice * BigInt(100 + bumpPercent)
}
