import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import { type ArrayElement, arrayOf, hexArray } from './arrays.ts'
import type { Database, Queryable } from './client.ts'
import { poolTransactions } from './schema.ts'

export type PoolRow = typeof poolTransactions.$inferSelect

/** A row to be: what admission knows of a transaction. */
export type PoolTransactionInsert = Pick<
  PoolRow,
  'hash' | 'sender' | 'nonce' | 'gasPrice' | 'gasLimit' | 'cost' | 'raw'
>

const bigints = (values: readonly number[]) => arrayOf('bigint', values)
const addressBytes = (address: Address) => sql`${Buffer.from(hexToBytes(address))}::bytea`
const UNIQUE_VIOLATION = '23505'

/**
 * Rows of the pool for admission: one read and one write for a group of transactions. `priceBumpPercent` is what a
 * replacement must add to the price of the row it replaces; the database decides between processes. `accountQueue` is
 * how many nonces ahead of its own an account may use.
 */
export function createPoolStore(
  db: Database,
  { priceBumpPercent, accountQueue }: { priceBumpPercent: number; accountQueue: number },
) {
  return {
    async readView(nonces: ReadonlyMap<Address, { low: number; high: number }>, hashes: readonly Hash[]) {
      const ranges = [...nonces.values()]
      const rows = (await db.execute(sql`
        select wanted.address, account.nonce, account.balance,
          coalesce(account.code_size > 0, false) as has_code,
          exists (select from pool.blocked_addresses blocked where blocked.address = wanted.address) as blocked,
          (select json_agg(json_build_array(nonce, encode(hash, 'hex'), gas_price::text))
            from pool.transactions where sender = wanted.address and status = 'pending'
              and nonce between wanted.low and wanted.high) as pending,
          case when wanted.high >= coalesce(account.nonce, 0) + ${accountQueue}::int
            then (select count(*) from pool.transactions where sender = wanted.address and status = 'pending'
              and nonce >= coalesce(account.nonce, 0)) else 0 end as waiting_count,
          array(select hash from state.transactions where hash = any(${hexArray(hashes)})) as mined,
          (select count(*) from pool.transactions where status = 'pending') as pending_count
        from unnest(${hexArray([...nonces.keys()])}, ${bigints(ranges.map(({ low }) => low))},
          ${bigints(ranges.map(({ high }) => high))}) as wanted (address, low, high)
        left join lateral (
          select nonce, balance, code_size from state.accounts
          where address = wanted.address order by block_number desc limit 1
        ) account on true`)) as unknown as {
        address: Uint8Array
        nonce: string | null
        balance: string | null
        has_code: boolean
        blocked: boolean
        pending: [number, string, string][] | null
        waiting_count: string
        mined: Uint8Array[]
        pending_count: string
      }[]
      const [first] = rows
      return {
        senders: new Map(
          rows.map(({ address, nonce, balance, has_code, blocked, pending, waiting_count }) => [
            bytesToHex(address) as Address,
            {
              nonce: Number(nonce ?? 0),
              balance: BigInt(balance ?? 0),
              hasCode: has_code,
              blocked,
              pending: new Map(
                (pending ?? []).map(([nonce, hash, gasPrice]) => [
                  nonce,
                  { hash: `0x${hash}` as Hash, gasPrice: BigInt(gasPrice) },
                ]),
              ),
              waitingCount: Number(waiting_count),
            },
          ]),
        ),
        minedHashes: new Set((first?.mined ?? []).map((hash) => bytesToHex(hash) as Hash)),
        pendingCount: Number(first?.pending_count ?? 0),
      }
    },

    /** One statement; its commit is what makes the transactions durable. Returns the hashes that were stored. */
    async insert(added: readonly PoolTransactionInsert[]): Promise<ReadonlySet<Hash>> {
      if (added.length === 0) return new Set()
      try {
        return await insertOrReplace(db, added, priceBumpPercent)
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        await deleteRejected(db, added)
        return await insertOrReplace(db, added, priceBumpPercent)
      }
    },
  }
}

async function insertOrReplace(
  db: Queryable,
  added: readonly PoolTransactionInsert[],
  priceBumpPercent: number,
): Promise<ReadonlySet<Hash>> {
  // One order in every process: two groups that touch the same rows wait for each other and do not deadlock.
  const rows = [...added].sort((a, b) => (a.sender === b.sender ? a.nonce - b.nonce : a.sender < b.sender ? -1 : 1))
  const column = (type: string, value: (row: PoolTransactionInsert) => ArrayElement) => arrayOf(type, rows.map(value))
  const stored = await db.execute(sql`
    with stored as (
      insert into pool.transactions as old (hash, sender, nonce, gas_price, gas_limit, cost, raw)
      select * from unnest(
        ${hexArray(rows.map(({ hash }) => hash))}, ${hexArray(rows.map(({ sender }) => sender))},
        ${column('bigint', ({ nonce }) => nonce)}, ${column('numeric', ({ gasPrice }) => gasPrice)},
        ${column('bigint', ({ gasLimit }) => gasLimit)}, ${column('numeric', ({ cost }) => cost)},
        ${column('bytea', ({ raw }) => raw)})
      on conflict (sender, nonce) where status = 'pending' do update set
        hash = excluded.hash, arrival = excluded.arrival, gas_price = excluded.gas_price,
        gas_limit = excluded.gas_limit, cost = excluded.cost, raw = excluded.raw, received_at = now()
      where excluded.gas_price * 100 >= old.gas_price * ${100 + priceBumpPercent}::int
      returning hash, arrival
    ), told as (select pg_notify('zknode_pool', max(arrival)::text) from stored having count(*) > 0)
    select stored.hash from stored cross join told`)
  return new Set((stored as unknown as { hash: Uint8Array }[]).map(({ hash }) => bytesToHex(hash) as Hash))
}

function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (error as { code?: unknown }).code === UNIQUE_VIOLATION || isUniqueViolation(error.cause)
}

/** A transaction that was rejected may be sent again: the row that says why goes. */
async function deleteRejected(db: Queryable, added: readonly PoolTransactionInsert[]): Promise<void> {
  const hashes = added.map(({ hash }) => hash)
  await db
    .delete(poolTransactions)
    .where(and(eq(poolTransactions.status, 'rejected'), inArray(poolTransactions.hash, hashes)))
}

/** The transaction as it waits; one that was taken out as rejected is not found. */
export async function findPoolTransaction(db: Queryable, hash: Hash): Promise<PoolRow | undefined> {
  const [row] = await db
    .select()
    .from(poolTransactions)
    .where(and(eq(poolTransactions.hash, hash), eq(poolTransactions.status, 'pending')))
  return row
}

/** Waiting transactions, of one sender if given, by sender and nonce. */
export async function listPoolTransactions(
  db: Queryable,
  { sender, limit }: { sender?: Address; limit: number },
): Promise<PoolRow[]> {
  const isPending = eq(poolTransactions.status, 'pending')
  return await db
    .select()
    .from(poolTransactions)
    .where(sender === undefined ? isPending : and(isPending, eq(poolTransactions.sender, sender)))
    .orderBy(asc(poolTransactions.sender), asc(poolTransactions.nonce))
    .limit(limit)
}

/** Nonce a sender's next transaction should have: behind the run of waiting ones that starts at the account's nonce. */
export async function readNextNonce(db: Queryable, sender: Address): Promise<number> {
  const [row] = (await db.execute(sql`
    with recursive account as (
      select coalesce((select nonce from state.accounts where address = ${addressBytes(sender)}
        order by block_number desc limit 1), 0) as nonce
    ), run (nonce) as (
      select nonce from account
      union all
      select run.nonce + 1 from run join pool.transactions waiting
        on waiting.sender = ${addressBytes(sender)} and waiting.nonce = run.nonce and waiting.status = 'pending'
    ) select max(nonce) as nonce from run`)) as unknown as { nonce: string }[]
  return Number(row?.nonce ?? 0)
}

/** `pending`: could run now or behind others of their sender. `queued`: wait for a missing nonce. Used nonces do not count. */
export async function countPool(db: Queryable): Promise<{ pending: number; queued: number }> {
  const [row] = (await db.execute(sql`
    with accounts as (
      select sender, coalesce((select nonce from state.accounts where address = sender
        order by block_number desc limit 1), 0) as nonce
      from (select distinct sender from pool.transactions where status = 'pending') senders
    ), waiting as (
      select accounts.nonce as first, pooled.nonce - row_number() over (partition by sender order by pooled.nonce) + 1 as start
      from pool.transactions pooled join accounts using (sender)
      where pooled.status = 'pending' and pooled.nonce >= accounts.nonce
    )
    select count(*) filter (where start = first) as pending, count(*) as total from waiting`)) as unknown as {
    pending: string
    total: string
  }[]
  const pending = Number(row?.pending ?? 0)
  return { pending, queued: Number(row?.total ?? 0) - pending }
}
