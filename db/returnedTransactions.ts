import { and, asc, eq, gte, min, ne, sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { arrayOf, hexArray } from './arrays.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { batches, l2Blocks, poolTransactions, transactions } from './schema.ts'

/** More would be one statement of too many bytes. */
const PAGE = 2000

/**
 * Puts the transactions of this batch's blocks and of all after it back into the pool, before what waits there and in
 * the order they had; those that L1 injected are nobody's. Call before the blocks are deleted.
 */
export async function returnTransactions(tx: Queryable, fromBatch: BatchNumber): Promise<void> {
  const { hash, sender, nonce, raw } = transactions
  const undone = await tx
    .select({ hash, sender, nonce, raw })
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .innerJoin(batches, eq(batches.batchNumber, l2Blocks.batchNumber))
    .where(and(gte(l2Blocks.batchNumber, fromBatch), ne(batches.kind, 'injected')))
    .orderBy(asc(transactions.blockNumber), asc(transactions.txIndex))
  const first = (await findLowestArrival(tx)) - undone.length
  const rows = undone.map((row, index) => ({ ...row, ...priceOf(row.raw), arrival: first + index }))
  for (let start = 0; start < rows.length; start += PAGE) {
    const page = rows.slice(start, start + PAGE)
    await makeRoom(tx, page)
    await insertMany(tx, poolTransactions, page)
  }
}

/** Numbers that are given out start at 1: those below are for what returns. */
async function findLowestArrival(tx: Queryable): Promise<number> {
  const [row] = await tx.select({ lowest: min(poolTransactions.arrival) }).from(poolTransactions)
  return Math.min(1, row?.lowest ?? 1)
}

function priceOf(raw: Uint8Array) {
  const { gasPrice, gasLimit, value } = decodeRawTransaction(raw)
  return { gasPrice, gasLimit: Number(gasLimit), cost: value + gasLimit * gasPrice }
}

type Returned = Pick<typeof transactions.$inferSelect, 'hash' | 'sender' | 'nonce'>

/** What was mined goes before what waits with the same nonce and has not been cleared away yet. */
async function makeRoom(tx: Queryable, rows: readonly Returned[]): Promise<void> {
  const [hashes, senders] = [hexArray(rows.map(({ hash }) => hash)), hexArray(rows.map(({ sender }) => sender))]
  const nonces = arrayOf(
    'bigint',
    rows.map(({ nonce }) => nonce),
  )
  await tx.execute(sql`
    delete from pool.transactions waiting using unnest(${hashes}, ${senders}, ${nonces}) as back (hash, sender, nonce)
    where waiting.hash = back.hash
      or (waiting.sender = back.sender and waiting.nonce = back.nonce and waiting.status = 'pending')`)
}

/** Of what was put back: what can never run on the state of now stays as rejected, for its senders to read. */
export async function rejectUsedNonces(tx: Queryable): Promise<void> {
  await tx.execute(sql`
    update pool.transactions waiting
    set status = 'rejected', rejected_reason = 'nonce too low: L1 has another transaction with this nonce'
    where waiting.status = 'pending' and waiting.arrival < 1 and waiting.nonce < (
      select nonce from state.accounts where address = waiting.sender order by block_number desc limit 1)`)
}
