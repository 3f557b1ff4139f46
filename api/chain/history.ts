import type { Database } from '#db/client.ts'
import { isPrunedTransaction } from '#db/prunedTransactions.ts'
import { readHorizon } from '#db/pruning.ts'
import { findHeaderByHash, type HeaderRow } from '#db/rpc/blocks.ts'
import { findMinedTransaction, findMinedTransactionByNonce, type MinedTransaction } from '#db/rpc/transactions.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { type Address, BlockNumber, type Hash } from '#protocol/primitives.ts'
import { historyPruned } from '../errors.ts'
import type { Head } from './head.ts'

type Chain = { db: Database; head: Pick<Head, 'horizon'> }

/** @throws {RpcError} 4444 for a block that is pruned, or a range that begins there */
export function requireHistory({ head }: Pick<Chain, 'head'>, blockNumber: number): void {
  const { oldestBlock } = head.horizon
  if (blockNumber < oldestBlock) throw historyPruned(oldestBlock)
}

/** @throws {RpcError} 4444 */
export function requireBatchHistory({ head }: Pick<Chain, 'head'>, batchNumber: number): void {
  const { oldestBatch, oldestBlock } = head.horizon
  if (batchNumber < oldestBatch) throw historyPruned(oldestBlock)
}

/** undefined for a hash that no block has. @throws {RpcError} 4444 */
export async function findBlockByHash(chain: Chain, hash: Hash): Promise<HeaderRow | undefined> {
  const header = await findHeaderByHash(chain.db, hash)
  if (header !== undefined) requireHistory(chain, header.blockNumber)
  return header
}

/** undefined for a hash that no mined transaction has. @throws {RpcError} 4444 */
export async function findTransaction(chain: Chain, hash: Hash): Promise<MinedTransaction | undefined> {
  return await requireFound(chain, hash, await findMinedTransaction(chain.db, hash))
}

/** What was found under the hash of a transaction, unless it is pruned. @throws {RpcError} 4444 */
export async function requireFound(
  chain: Chain,
  hash: Hash,
  row: MinedTransaction | undefined,
): Promise<MinedTransaction | undefined> {
  const { oldestBlock } = chain.head.horizon
  if (oldestBlock === 0) return row
  if (row !== undefined) requireHistory(chain, row.blockNumber)
  else if (await isPrunedTransaction(chain.db, hash)) throw historyPruned(oldestBlock)
  return row
}

/** undefined when a sender mined nothing with a nonce. @throws {RpcError} 4444 */
export async function findTransactionOfNonce(
  chain: Chain,
  sender: Address,
  nonce: number,
): Promise<MinedTransaction | undefined> {
  const row = await findMinedTransactionByNonce(chain.db, sender, nonce)
  const { oldestBlock } = chain.head.horizon
  if (oldestBlock === 0) return row
  const reader = createDatabaseStateReader(chain.db, BlockNumber(oldestBlock - 1))
  const [account] = await reader.getAccounts([sender])
  if (account !== undefined && BigInt(nonce) < account.nonce) throw historyPruned(oldestBlock)
  return row
}

/** Whether the state after a block is pruned, asking the database: memory may not know it yet. */
export async function findPrunedError(db: Database, blockNumber: number): Promise<Error | undefined> {
  const { oldestBlock } = await readHorizon(db)
  return blockNumber < oldestBlock ? historyPruned(oldestBlock) : undefined
}
