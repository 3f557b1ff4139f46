import { sql } from 'drizzle-orm'
import { bigIntToBytes, bytesToBigInt, bytesToHex } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { type Address, type BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { arrayOf, hexArray } from './arrays.ts'
import type { Queryable } from './client.ts'
import { firstReadableState } from './pruning.ts'

export class CodeNotFoundError extends NodeError {
  override readonly name = 'CodeNotFoundError'
}

/** The block whose state is read is not in the database any more, is another one now, or its state is pruned. */
export class StateGoneError extends NodeError {
  override readonly name = 'StateGoneError'
}

/** What the executor asks of state: see executor/stateReader.ts, whose interface this has. */
export type DatabaseStateReader = ReturnType<typeof createDatabaseStateReader>

/**
 * Accounts, storage and code as they were after `blockNumber`, or now when it is left out. Each call is one query,
 * one index descent per key, whatever the age of the block. Given its hash, every answer is of that very block:
 * the query looks at it in the same snapshot. @throws {StateGoneError}
 */
export function createDatabaseStateReader(db: Queryable, blockNumber?: BlockNumber, blockHash?: Hash) {
  const storedHash =
    blockHash === undefined
      ? sql`null::bytea`
      : sql`(select hash from state.l2_blocks
          where block_number = ${blockNumber}::bigint and block_number >= ${firstReadableState})`
  const requireBlock = (row: { block_hash: Uint8Array | null } | undefined) => {
    if (blockHash === undefined || row === undefined) return
    if (row.block_hash === null || bytesToHex(row.block_hash) !== blockHash)
      throw new StateGoneError('The block is gone.', { facts: { blockNumber: blockNumber!, blockHash } })
  }
  const upTo = sql`${blockNumber ?? Number.MAX_SAFE_INTEGER}::bigint`
  return {
    async getAccounts(addresses: readonly Address[]) {
      if (addresses.length === 0) return []
      const rows = (await db.execute(sql`
        select wanted.position, found.nonce, found.balance, found.code_hash, found.code_size, ${storedHash} as block_hash
        from unnest(${hexArray(addresses)}) with ordinality as wanted (address, position)
        left join lateral (
          select nonce, balance, code_hash, code_size from state.accounts
          where address = wanted.address and block_number <= ${upTo} order by block_number desc limit 1
        ) found on true`)) as unknown as {
        position: string
        nonce: string | null
        balance: string
        code_hash: Uint8Array | null
        code_size: number
        block_hash: Uint8Array | null
      }[]
      requireBlock(rows[0])
      const accounts = addresses.map(() => ({ nonce: 0n, balance: 0n, codeHash: ZERO_HASH, codeSize: 0 }))
      for (const row of rows) {
        if (row.nonce === null) continue
        accounts[Number(row.position) - 1] = {
          nonce: BigInt(row.nonce),
          balance: BigInt(row.balance),
          codeHash: row.code_hash === null ? ZERO_HASH : (bytesToHex(row.code_hash) as Hash),
          codeSize: row.code_size,
        }
      }
      return accounts
    },

    async getStorage(slots: readonly { address: Address; slot: bigint }[]): Promise<bigint[]> {
      if (slots.length === 0) return []
      const rows = (await db.execute(sql`
        select wanted.position, found.value, ${storedHash} as block_hash
        from unnest(${hexArray(slots.map(({ address }) => address))},
          ${arrayOf(
            'bytea',
            slots.map(({ slot }) => bigIntToBytes(slot, 32)),
          )}) with ordinality as wanted (address, slot, position)
        left join lateral (
          select value from state.storage
          where address = wanted.address and slot = wanted.slot and block_number <= ${upTo}
          order by block_number desc limit 1
        ) found on true`)) as unknown as {
        position: string
        value: Uint8Array | null
        block_hash: Uint8Array | null
      }[]
      requireBlock(rows[0])
      const values = slots.map(() => 0n)
      for (const row of rows) if (row.value !== null) values[Number(row.position) - 1] = bytesToBigInt(row.value)
      return values
    },

    /** @throws {CodeNotFoundError} An account refers to it, so it must be there. */
    async getCodes(codeHashes: readonly Hash[]): Promise<Uint8Array[]> {
      if (codeHashes.length === 0) return []
      const rows = (await db.execute(
        sql`select code_hash, code from state.codes where code_hash = any(${hexArray(codeHashes)})`,
      )) as unknown as { code_hash: Uint8Array; code: Uint8Array }[]
      const found = new Map(rows.map((row) => [bytesToHex(row.code_hash) as Hash, row.code]))
      return codeHashes.map((codeHash) => {
        const code = found.get(codeHash)
        if (code === undefined) throw new CodeNotFoundError('No such code in the State DB.', { facts: { codeHash } })
        return code
      })
    },
  }
}
