import type { Queryable } from '#db/client.ts'
import { listPoolTransactions, type PoolRow } from '#db/pool.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import type { Address } from '#protocol/primitives.ts'

/** Most transactions of one answer: what the pool holds by default, several times. */
export const MAX_WAITING = 10_000

/** A transaction that waits. `isRun`: it could run, behind others of its sender; else a nonce before it is missing. */
export type Waiting = { row: PoolRow; isRun: boolean }

/** By sender and nonce; of one sender if given. Those whose nonce was used meanwhile are left out. */
export async function readWaiting(db: Queryable, sender?: Address): Promise<Waiting[]> {
  const rows = await listPoolTransactions(db, { limit: MAX_WAITING, ...(sender === undefined ? {} : { sender }) })
  const senders = [...new Set(rows.map((row) => row.sender))]
  const accounts = await createDatabaseStateReader(db).getAccounts(senders)
  const next = new Map(senders.map((address, index) => [address, Number(accounts[index]!.nonce)]))
  const waiting: Waiting[] = []
  for (const row of rows) {
    const nonce = next.get(row.sender)!
    const isRun = row.nonce === nonce
    if (isRun) next.set(row.sender, nonce + 1)
    if (row.nonce >= nonce) waiting.push({ row, isRun })
  }
  return waiting
}
