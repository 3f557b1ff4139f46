import { eq, type SQL, sql } from 'drizzle-orm'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { prunedTransactions } from './schema.ts'

/** Remembers the hashes of the transactions of these blocks, both included. */
export async function rememberPruned(tx: Queryable, first: BlockNumber, last: BlockNumber): Promise<void> {
  const ofBlocks = sql`from state.transactions where block_number between ${first} and ${last}`
  await tx.execute(sql`
    insert into ${prunedTransactions} (prefix)
    select ${prefixOf(sql`hash`)} ${ofBlocks} union select ${prefixOf(sql`l2_hash`)} ${ofBlocks}
    on conflict do nothing`)
}

/** Of a hash or an L2 hash; wrong about an unknown one once in 2^64 by the number of pruned ones. */
export async function isPrunedTransaction(db: Queryable, hash: Hash): Promise<boolean> {
  const prefix = BigInt.asIntN(64, BigInt(hash.slice(0, 18)))
  const rows = await db.select().from(prunedTransactions).where(eq(prunedTransactions.prefix, prefix))
  return rows.length > 0
}

const prefixOf = (hash: SQL) => sql`('x' || encode(substring(${hash} for 8), 'hex'))::bit(64)::bigint`
