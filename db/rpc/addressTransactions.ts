import { and, asc, desc, eq, exists, gte, isNotNull, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Address, BlockNumber, Hash } from '#protocol/primitives.ts'
import { hexArray } from '../arrays.ts'
import type { Queryable } from '../client.ts'
import { accounts, l2Blocks, logs, transactions } from '../schema.ts'
import { columns, type MinedTransaction } from './transactions.ts'

export type AddressPage = {
  /** Newest first; of a block all or none. */
  transactions: MinedTransaction[]
  /** Whether there are more on the far side. */
  hasMore: boolean
}

type Search = { address: Address; from: number; to: number; towards: 'older' | 'newer'; size: number }

/**
 * Transactions an address is part of in blocks `from` to `to`: it sent, received or was created by them, logged in
 * them, or its account changed in a block that holds one transaction only. Inner calls that leave no such trace are not
 * found. At least `size` where there are so many, starting at `to` towards older or at `from` towards newer ones.
 */
export async function searchTransactions(db: Queryable, search: Search): Promise<AddressPage> {
  const { size, towards } = search
  const found = await findBlocks(db, search)
  const last = found[Math.min(size, found.length) - 1]
  if (last === undefined) return { transactions: [], hasMore: false }
  const [from, to] = towards === 'older' ? [last, search.to] : [search.from, last]
  const rows = await db
    .select(columns)
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .where(
      and(
        gte(transactions.blockNumber, from as MinedTransaction['blockNumber']),
        lte(transactions.blockNumber, to as MinedTransaction['blockNumber']),
        concerns(db, search.address),
      ),
    )
    .orderBy(desc(transactions.blockNumber), desc(transactions.txIndex))
  const beyond = towards === 'older' ? { from: search.from, to: last - 1 } : { from: last + 1, to: search.to }
  return { transactions: rows, hasMore: (await findBlocks(db, { ...search, ...beyond, size: 1 })).length > 0 }
}

function concerns(db: Queryable, address: Address): SQL | undefined {
  const isOfTransaction = and(eq(logs.blockNumber, transactions.blockNumber), eq(logs.txIndex, transactions.txIndex))
  return or(
    eq(transactions.sender, address),
    eq(transactions.recipient, address),
    eq(transactions.contractAddress, address),
    exists(
      db
        .select({ one: sql`1` })
        .from(logs)
        .where(and(isOfTransaction, eq(logs.address, address))),
    ),
    sql`(${l2Blocks.txCount} = 1 and ${l2Blocks.coinbase} <> ${bytesOf(address)} and exists (
      select from state.accounts changed
      where changed.address = ${bytesOf(address)} and changed.block_number = ${transactions.blockNumber}))`,
  )
}

/** Block of each transaction found, in the order of the search; of each way to find one at most `size`. */
async function findBlocks(db: Queryable, { address, from, to, towards, size }: Search): Promise<number[]> {
  const direction = sql.raw(towards === 'older' ? 'desc' : 'asc')
  const inRange = sql`block_number between ${from} and ${to}`
  const own = bytesOf(address)
  const part = (of: SQL, order: string) =>
    sql`(select block_number, tx_index from ${of} and ${inRange} order by ${sql.raw(order)} ${direction} limit ${size})`
  const rows = (await db.execute(sql`
    select block_number from (
      ${part(sql`state.transactions where sender = ${own}`, 'nonce')}
      union ${part(sql`state.transactions where recipient = ${own}`, 'block_number')}
      union ${part(sql`state.transactions where contract_address = ${own}`, 'block_number')}
      union ${part(sql`state.logs where address = ${own}`, 'block_number')}
      union (select changed.block_number, 0 from state.accounts changed
        join state.l2_blocks block on block.block_number = changed.block_number
        where changed.address = ${own} and block.tx_count = 1 and block.coinbase <> ${own}
          and changed.block_number between ${from} and ${to}
        order by changed.block_number ${direction} limit ${size})
    ) found order by block_number ${direction}`)) as unknown as { block_number: string }[]
  return rows.map((row) => Number(row.block_number))
}

/** The transaction that deployed a contract, and who sent it; undefined for contracts made by other contracts. */
export async function findDeployment(
  db: Queryable,
  address: Address,
): Promise<{ hash: Hash; creator: Address } | undefined> {
  const [row] = await db
    .select({ hash: transactions.hash, creator: transactions.sender })
    .from(transactions)
    .where(and(eq(transactions.contractAddress, address), eq(transactions.status, 1)))
    .orderBy(desc(transactions.blockNumber))
    .limit(1)
  return row
}

/** Undefined for an account that never had code. */
export async function findFirstBlockWithCode(db: Queryable, address: Address): Promise<BlockNumber | undefined> {
  const [row] = await db
    .select({ blockNumber: accounts.blockNumber })
    .from(accounts)
    .where(and(eq(accounts.address, address), isNotNull(accounts.codeHash)))
    .orderBy(asc(accounts.blockNumber))
    .limit(1)
  return row?.blockNumber
}

/** What the transactions of a block paid, wei. */
export async function readFeesOfBlock(db: Queryable, blockNumber: number): Promise<bigint> {
  const [row] = (await db.execute(sql`select coalesce(sum(gas_used * effective_gas_price), 0)::text as fees
    from state.transactions where block_number = ${blockNumber}`)) as unknown as { fees: string }[]
  return BigInt(row?.fees ?? 0)
}

const bytesOf = (address: Address) => sql`(${hexArray([address])})[1]`
