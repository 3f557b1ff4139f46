import { sql } from 'drizzle-orm'
import { bigIntToBytes, bytesToBigInt, bytesToHex } from '#common/bytes.ts'
import type { Address, BlockNumber, Hash } from '#protocol/primitives.ts'
import { hexArray } from '../arrays.ts'
import type { Queryable } from '../client.ts'

type AccountRow = { address: Address; nonce: number; balance: bigint; codeHash: Hash | null }

/** Accounts as they were after a block, by address, from `start` on. Those without balance, nonce and code are left out. */
export async function readAccountRange(
  db: Queryable,
  { blockNumber, start, limit }: { blockNumber: BlockNumber; start: Address; limit: number },
): Promise<AccountRow[]> {
  const rows = (await db.execute(sql`
    select * from (
      select distinct on (address) address, nonce, balance, code_hash from state.accounts
      where address >= (${hexArray([start])})[1] and block_number <= ${blockNumber}
      order by address, block_number desc
    ) accounts where nonce > 0 or balance > 0 or code_hash is not null
    order by address limit ${limit}`)) as unknown as {
    address: Uint8Array
    nonce: string
    balance: string
    code_hash: Uint8Array | null
  }[]
  return rows.map((row) => ({
    address: bytesToHex(row.address) as Address,
    nonce: Number(row.nonce),
    balance: BigInt(row.balance),
    codeHash: row.code_hash === null ? null : (bytesToHex(row.code_hash) as Hash),
  }))
}

/** Storage of an account as it was after a block, by slot, from `start` on; without zeros. */
export async function readStorageRange(
  db: Queryable,
  { address, blockNumber, start, limit }: { address: Address; blockNumber: BlockNumber; start: bigint; limit: number },
): Promise<{ slot: bigint; value: bigint }[]> {
  const first = `0x${Buffer.from(bigIntToBytes(start, 32)).toString('hex')}` as Hash
  const rows = (await db.execute(sql`
    select * from (
      select distinct on (slot) slot, value from state.storage
      where address = (${hexArray([address])})[1] and slot >= (${hexArray([first])})[1] and block_number <= ${blockNumber}
      order by slot, block_number desc
    ) slots where value <> decode(repeat('00', 32), 'hex')
    order by slot limit ${limit}`)) as unknown as { slot: Uint8Array; value: Uint8Array }[]
  return rows.map(({ slot, value }) => ({ slot: bytesToBigInt(slot), value: bytesToBigInt(value) }))
}

/** Accounts that blocks after `after` up to `to` changed, in any field or in their storage, by address. */
export async function readModifiedAccounts(
  db: Queryable,
  { after, to }: { after: number; to: number },
): Promise<Address[]> {
  const inRange = sql`block_number > ${after} and block_number <= ${to}`
  const rows = (await db.execute(sql`
    select address from state.accounts where ${inRange} union select address from state.storage where ${inRange}
    order by address`)) as unknown as { address: Uint8Array }[]
  return rows.map(({ address }) => bytesToHex(address) as Address)
}
