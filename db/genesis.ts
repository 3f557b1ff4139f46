import { eq } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import type { Address, BatchNumber, Hash } from '#protocol/primitives.ts'
import { closeBatch, openBatch } from './batches.ts'
import { type BlockToStore, storeBlock } from './blocks.ts'
import type { Database } from './client.ts'
import { chain } from './schema.ts'

/** The database belongs to another network than the configuration. */
export class WrongNetworkError extends NodeError {
  override readonly name = 'WrongNetworkError'
}

export type ChainIdentity = {
  chainId: number
  l1ChainId: number
  rollupManager: Address
  rollupId: number
  genesisRoot: Hash
}

/**
 * Writes batch 0 and block 0 into an empty State DB, once. On a database that has them it only compares.
 * @throws {WrongNetworkError} naming the first fact that differs
 */
export async function initializeGenesis(
  db: Database,
  identity: ChainIdentity,
  genesis: { forkId: number; coinbase: Address; block: BlockToStore },
): Promise<void> {
  await db.transaction(async (tx) => {
    const inserted = await tx
      .insert(chain)
      .values({ id: 1, ...identity })
      .onConflictDoNothing()
      .returning()
    if (inserted.length === 0) return
    const batchNumber = 0 as BatchNumber
    const { stateRoot, timestamp } = genesis.block.block
    await openBatch(tx, { batchNumber, kind: 'genesis', forkId: genesis.forkId, coinbase: genesis.coinbase })
    await storeBlock(tx, genesis.block)
    await closeBatch(tx, {
      batchNumber,
      closingReason: 'genesis',
      batchL2Data: new Uint8Array(),
      stateRoot,
      localExitRoot: `0x${'00'.repeat(32)}` as Hash,
      lastTimestamp: timestamp,
      checked: true,
    })
  })
  await assertSameNetwork(db, identity)
}

/** Whether the State DB belongs to a network already. */
export async function hasGenesis(db: Database): Promise<boolean> {
  return (await db.select({ id: chain.id }).from(chain)).length > 0
}

/** What network the State DB holds; undefined for an empty one. */
export async function readChainIdentity(db: Database): Promise<ChainIdentity | undefined> {
  const [row] = await db.select().from(chain).where(eq(chain.id, 1))
  return row
}

/** @throws {WrongNetworkError} naming the first fact that differs, also on an empty database. */
export async function assertSameNetwork(db: Database, identity: ChainIdentity): Promise<void> {
  const row = await readChainIdentity(db)
  if (row === undefined) throw new WrongNetworkError('The State DB is empty: initialize the genesis first.')
  for (const fact of Object.keys(identity) as (keyof ChainIdentity)[]) {
    if (row[fact] !== identity[fact])
      throw new WrongNetworkError('The database holds another network.', {
        facts: { fact, database: row[fact], configuration: identity[fact] },
      })
  }
}
