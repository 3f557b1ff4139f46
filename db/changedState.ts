import { eq } from 'drizzle-orm'
import type { Address, BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { accounts, l2Blocks, storage } from './schema.ts'

export type ChangedState = { addresses: Address[]; slots: { address: Address; slot: bigint }[] }

/** Accounts and storage words that the blocks of a batch changed. */
export async function findChangedState(db: Queryable, batchNumber: BatchNumber): Promise<ChangedState> {
  const [addresses, slots] = await Promise.all([
    db
      .select({ address: accounts.address })
      .from(accounts)
      .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, accounts.blockNumber))
      .where(eq(l2Blocks.batchNumber, batchNumber))
      .groupBy(accounts.address),
    db
      .select({ address: storage.address, slot: storage.slot })
      .from(storage)
      .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, storage.blockNumber))
      .where(eq(l2Blocks.batchNumber, batchNumber))
      .groupBy(storage.address, storage.slot),
  ])
  return {
    addresses: addresses.map(({ address }) => address),
    slots: slots.map(({ address, slot }) => ({ address, slot: BigInt(slot) })),
  }
}
