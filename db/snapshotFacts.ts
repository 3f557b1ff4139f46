import { desc, eq, isNotNull, sql } from 'drizzle-orm'
import type { Address, Hash } from '#protocol/primitives.ts'
import { getLastBlock } from './blocks.ts'
import type { Queryable } from './client.ts'
import { findNewestL1Blocks } from './l1.ts'
import { readHorizon } from './pruning.ts'
import { batches, chain, sequences, treeNodes, verifications, virtualBatches } from './schema.ts'

/** Of each kind, what is compared with L1: the newest, newest first. */
const COMPARED = 20

export type OnL1 = { l1BlockNumber: number }
/** Where a chain stands: what a snapshot says of itself, and what L1 can be asked about. */
export type SnapshotFacts = {
  network: { chainId: number; l1ChainId: number; rollupManager: Address; rollupId: number; genesisRoot: Hash }
  lastBlock: { blockNumber: number; hash: Hash; stateRoot: Hash }
  /** Batches: the newest, open or closed; the newest that is closed, sequenced, verified. Null where there is none. */
  lastBatch: number
  closed: { batchNumber: number; stateRoot: Hash } | null
  virtual: (OnL1 & { batchNumber: number; accInputHash: Hash }) | null
  verified: (OnL1 & { batchNumber: number; stateRoot: Hash; exitRoot: Hash }) | null
  /** The oldest block with its history. */
  oldestBlock: number
  /** Newest first. The first of the blocks is the last one read. */
  l1Blocks: { blockNumber: number; hash: Hash }[]
  sequences: (OnL1 & { toBatch: number; accInputHash: Hash })[]
  verifications: (OnL1 & { toBatch: number; stateRoot: Hash })[]
}

/** Undefined for a database without a chain. */
export async function readSnapshotFacts(db: Queryable): Promise<SnapshotFacts | undefined> {
  const [row] = await db.select().from(chain)
  if (row === undefined) return undefined
  const { chainId, l1ChainId, rollupManager, rollupId, genesisRoot } = row
  const { blockNumber, hash, stateRoot } = await getLastBlock(db)
  const { batchNumber, ...ofVirtual } = virtualBatches
  const [virtual] = await db
    .select({ batchNumber, accInputHash: ofVirtual.accInputHash, l1BlockNumber: ofVirtual.l1BlockNumber })
    .from(virtualBatches)
    .orderBy(desc(batchNumber))
    .limit(1)
  const verified = await db.select().from(verifications).orderBy(desc(verifications.toBatch)).limit(COMPARED)
  const sequenced = await db.select().from(sequences).orderBy(desc(sequences.toBatch)).limit(COMPARED)
  const [lastVerified] = verified
  return {
    network: { chainId, l1ChainId, rollupManager, rollupId, genesisRoot },
    lastBlock: { blockNumber, hash, stateRoot },
    ...(await readLastBatches(db)),
    virtual: virtual ?? null,
    verified:
      lastVerified === undefined
        ? null
        : {
            ...{ batchNumber: lastVerified.toBatch, stateRoot: lastVerified.stateRoot },
            ...{ exitRoot: lastVerified.exitRoot, l1BlockNumber: lastVerified.l1BlockNumber },
          },
    oldestBlock: (await readHorizon(db)).oldestBlock,
    l1Blocks: (await findNewestL1Blocks(db, COMPARED)).map(({ blockNumber, hash }) => ({ blockNumber, hash })),
    sequences: sequenced.map(({ toBatch, accInputHash, l1BlockNumber }) => ({ toBatch, accInputHash, l1BlockNumber })),
    verifications: verified.map(({ toBatch, stateRoot, l1BlockNumber }) => ({ toBatch, stateRoot, l1BlockNumber })),
  }
}

async function readLastBatches(db: Queryable): Promise<Pick<SnapshotFacts, 'lastBatch' | 'closed'>> {
  const { batchNumber, stateRoot, closedAt } = batches
  const [last] = await db.select({ batchNumber }).from(batches).orderBy(desc(batchNumber)).limit(1)
  const [closed] = await db
    .select({ batchNumber, stateRoot })
    .from(batches)
    .where(isNotNull(closedAt))
    .orderBy(desc(batchNumber))
    .limit(1)
  return {
    lastBatch: last!.batchNumber,
    closed: closed === undefined ? null : { batchNumber: closed.batchNumber, stateRoot: closed.stateRoot! },
  }
}

/** Whether the tree has a node of this hash: a state root. */
export async function hasTreeRoot(db: Queryable, root: Hash): Promise<boolean> {
  return (await db.select({ hash: treeNodes.hash }).from(treeNodes).where(eq(treeNodes.hash, root))).length > 0
}

/** Hashes of the migrations that the database has had, in their order. */
export async function findMigrations(db: Queryable): Promise<string[]> {
  const rows = await db.execute<{ hash: string }>(sql`select hash from zknode.migrations order by id`)
  return rows.map(({ hash }) => hash)
}
