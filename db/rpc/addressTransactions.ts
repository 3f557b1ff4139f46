import { and, asc, desc, eq, exists, gte, isNotNull, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Address, BlockNumber, Hash } from '#protocol/primitives.ts'
import { hexArray } from '../arrays.ts'
import type { Queryable } from '../client.ts'
import { accounts, l2Blocks, logs, transactions } from '../schema.ts'
import { columns, type MinedTransaction } from './transactions.ts'

/** In blocks `from` to `to`, beginning at `to` towards older or at `from` towards newer ones. */
export type AddressSearch = { address: Address; from: number; to: number; towards: 'older' | 'newer' }

/**
 * How far to go for `size` transactions that an address may be part of: the block in which the last of them is, or the
 * last one in which there is any. undefined when there are none.
 */
export async function findPageEnd(
  db: Queryable,
  { size, ...search }: AddressSearch & { size: number },
): Promise<number | undefined> {
  const found = await findBlocks(db, { ...search, size })
  return found[Math.min(size, found.length) - 1]
}

/** Transactions that show by themselves that an address is part of them: it sent, received, was created or logged. */
export async function readPlainTransactions(
  db: Queryable,
  { address, from, to }: { address: Address; from: number; to: number },
): Promise<MinedTransaction[]> {
  return await db
    .select(columns)
    .from(transactions)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, transactions.blockNumber))
    .where(
      and(
        gte(transactions.blockNumber, from as BlockNumber),
        lte(transactions.blockNumber, to as BlockNumber),
        concerns(db, address),
      ),
    )
}

/** What a block did to an account. */
export type AccountChange = {
  blockNumber: BlockNumber
  /** Transactions of the block. */
  txCount: number
  nonceDelta: number
  /** wei */
  balanceDelta: bigint
  hasNewCode: boolean
}

/** Blocks that changed an account, those apart that paid their fees to it. */
export async function readAccountChanges(
  db: Queryable,
  { address, from, to }: { address: Address; from: number; to: number },
): Promise<AccountChange[]> {
  const rows = (await db.execute(sql`
    select changed.block_number, block.tx_count, changed.nonce - coalesce(before.nonce, 0) as nonce_delta,
      (changed.balance - coalesce(before.balance, 0))::text as balance_delta,
      changed.code_hash is distinct from before.code_hash as has_new_code
    from state.accounts changed
    join state.l2_blocks block on block.block_number = changed.block_number
    left join lateral (
      select nonce, balance, code_hash from state.accounts
      where address = changed.address and block_number < changed.block_number order by block_number desc limit 1
    ) before on true
    where ${changesOf(address)} and changed.block_number between ${from} and ${to}`)) as unknown as {
    block_number: string
    tx_count: number
    nonce_delta: string
    balance_delta: string
    has_new_code: boolean
  }[]
  return rows.map((row) => ({
    blockNumber: Number(row.block_number) as BlockNumber,
    txCount: row.tx_count,
    nonceDelta: Number(row.nonce_delta),
    balanceDelta: BigInt(row.balance_delta),
    hasNewCode: row.has_new_code,
  }))
}

const changesOf = (address: Address) =>
  sql`changed.address = ${bytesOf(address)} and block.coinbase <> ${bytesOf(address)} and block.tx_count > 0`

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
  )
}

/** Block of each transaction found, in the order of the search; of each way to find one at most `size`. */
async function findBlocks(
  db: Queryable,
  { address, from, to, towards, size }: AddressSearch & { size: number },
): Promise<number[]> {
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
        where ${changesOf(address)} and changed.block_number between ${from} and ${to}
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
