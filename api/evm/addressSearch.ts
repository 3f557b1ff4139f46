import {
  type AccountChange,
  type AddressSearch,
  findPageEnd,
  readAccountChanges,
  readPlainTransactions,
} from '#db/rpc/addressTransactions.ts'
import { findHeader } from '#db/rpc/blocks.ts'
import { type MinedTransaction, readTransactionsOfBlock } from '#db/rpc/transactions.ts'
import type { Address } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import type { ApiDeps } from '../deps.ts'
import { partiesOf, readFlatCalls } from './flatTraces.ts'
import { MAX_TRACE_MS } from './traceConfig.ts'

export type AddressPage = {
  /** Newest first; of a block all or none. */
  transactions: MinedTransaction[]
  /** Whether there are more on the far side. */
  hasMore: boolean
}

type Deps = Pick<ApiDeps, 'db' | 'evm' | 'evmBlock'>
type Limits = { size: number; signal: AbortSignal | undefined }

/** Transactions that are looked for at once. */
const CHUNK = 25
/** Blocks that are run again for one page, about: it ends there once it has anything. */
const MAX_TRACED_BLOCKS = 100

/**
 * Transactions that an address is part of: it sent, received, was created by them or logged in them, or they changed
 * its nonce, balance or code from inside. At least `size` where there are so many, fewer when it takes many blocks that
 * must be run again to find them.
 */
export async function searchTransactions(
  deps: Deps,
  search: AddressSearch,
  { size, signal }: Limits,
): Promise<AddressPage> {
  const ends = performance.now() + MAX_TRACE_MS
  const transactions: MinedTransaction[] = []
  let { from, to } = search
  let traced = 0
  const findEnd = (count: number) => findPageEnd(deps.db, { ...search, from, to, size: count })
  for (;;) {
    const end = await findEnd(Math.min(CHUNK, size - transactions.length))
    if (end === undefined) break
    const range = search.towards === 'older' ? { from: end, to } : { from, to: end }
    const chunk = await readChunk(deps, { address: search.address, ...range }, { ends, signal })
    transactions.push(...chunk.transactions)
    traced += chunk.traced
    if (search.towards === 'older') to = end - 1
    else from = end + 1
    if (transactions.length >= size || (transactions.length > 0 && traced >= MAX_TRACED_BLOCKS)) break
  }
  transactions.sort((a, b) => b.blockNumber - a.blockNumber || b.txIndex - a.txIndex)
  return { transactions, hasMore: (await findEnd(1)) !== undefined }
}

/** All of a range. `traced`: how many blocks were run again for it. */
async function readChunk(
  deps: Deps,
  range: { address: Address; from: number; to: number },
  { ends, signal }: { ends: number; signal: AbortSignal | undefined },
): Promise<{ transactions: MinedTransaction[]; traced: number }> {
  const { address } = range
  const plain = await readPlainTransactions(deps.db, range)
  const changes = (await readAccountChanges(deps.db, range)).filter(
    (change) =>
      !isExplained(
        change,
        address,
        plain.filter(({ blockNumber }) => blockNumber === change.blockNumber),
      ),
  )
  const known = new Set(plain.map(({ hash }) => hash))
  const transactions = [...plain]
  let traced = 0
  for (const { blockNumber, txCount } of changes) {
    const ofBlock = await readTransactionsOfBlock(deps.db, blockNumber)
    const header = txCount > 1 ? await findHeader(deps.db, blockNumber) : undefined
    let parties: ReadonlySet<string> | undefined
    if (header !== undefined) {
      const calls = await readFlatCalls(deps, header, { timeoutMs: Math.max(0, ends - performance.now()), signal })
      parties = new Set(calls.filter((call) => isParty(address, call)).map(({ transactionHash }) => transactionHash))
      traced += 1
    }
    transactions.push(...ofBlock.filter(({ hash }) => !known.has(hash) && (parties?.has(hash) ?? true)))
  }
  return { transactions, traced }
}

function isParty(address: Address, call: Parameters<typeof partiesOf>[0]): boolean {
  const { from, to } = partiesOf(call)
  return from === address || to === address
}

/** Whether these transactions are all that a block changed an account by: nothing happened to it inside of others. */
function isExplained(
  { nonceDelta, balanceDelta, hasNewCode }: AccountChange,
  address: Address,
  transactions: readonly MinedTransaction[],
): boolean {
  let [nonce, balance, code] = [0, 0n, false]
  for (const { sender, recipient, contractAddress, raw, status, gasUsed, effectiveGasPrice } of transactions) {
    const value = status === 1 ? decodeRawTransaction(raw).value : 0n
    if (sender === address) {
      nonce += 1
      balance -= value + BigInt(gasUsed) * effectiveGasPrice
    }
    if (recipient === address) balance += value
    if (contractAddress === address && status === 1) {
      nonce += 1
      balance += value
      code = true
    }
  }
  return nonce === nonceDelta && balance === balanceDelta && code === hasNewCode
}
