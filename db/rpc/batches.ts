import { and, asc, desc, eq, gt, lte, sql } from 'drizzle-orm'
import { type BatchNumber, type BlockNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { BatchRow } from '../batches.ts'
import type { Queryable } from '../client.ts'
import { forcedBatches, l1InfoLeaves, l2Blocks, virtualBatches } from '../schema.ts'

/** Names of the cursors where the synchronizer keeps the L1 blocks tagged so; their position is the block number. */
export const L1_SAFE_CURSOR = 'l1-safe'
export const L1_FINALIZED_CURSOR = 'l1-finalized'

/** Newest batches by how far they are; 0 is genesis, which counts as verified. */
export type BatchHeads = {
  /** Newest batch of the trusted state, open or closed. */
  trusted: number
  closed: number
  virtual: number
  verified: number
  /** Verified in an L1 block that is safe. */
  safe: number
  /** Verified in an L1 block that is finalized. */
  finalized: number
  /** Sequenced in an L1 block that is finalized. */
  sequencedFinally: number
}

/** One round trip, one moment. */
export async function readBatchHeads(db: Queryable): Promise<BatchHeads> {
  const upTo = (cursor: string) => sql`l1_block_number <= (select position from state.cursors where name = ${cursor})`
  const [row] = (await db.execute(sql`select
    (select max(batch_number) from state.batches) as trusted,
    (select max(batch_number) from state.batches where closed_at is not null) as closed,
    (select max(batch_number) from state.virtual_batches) as virtual,
    (select max(to_batch) from state.verifications) as verified,
    (select max(to_batch) from state.verifications where ${upTo(L1_SAFE_CURSOR)}) as safe,
    (select max(to_batch) from state.verifications where ${upTo(L1_FINALIZED_CURSOR)}) as finalized,
    (select max(to_batch) from state.sequences where ${upTo(L1_FINALIZED_CURSOR)}) as "sequencedFinally"`)) as unknown as Record<
    keyof BatchHeads,
    string | null
  >[]
  const number = (name: keyof BatchHeads) => Number(row?.[name] ?? 0)
  const heads = {
    trusted: number('trusted'),
    closed: number('closed'),
    virtual: number('virtual'),
    verified: number('verified'),
    safe: number('safe'),
    finalized: number('finalized'),
    sequencedFinally: number('sequencedFinally'),
  }
  return { ...heads, finalized: Math.min(heads.finalized, heads.safe) }
}

export async function findBatchNumberOfBlock(
  db: Queryable,
  blockNumber: BlockNumber,
): Promise<BatchNumber | undefined> {
  const [row] = await db
    .select({ batchNumber: l2Blocks.batchNumber })
    .from(l2Blocks)
    .where(eq(l2Blocks.blockNumber, blockNumber))
  return row?.batchNumber
}

/** What JSON-RPC tells of a batch beyond its row. */
export type BatchExtras = {
  /** Zero until the batch is virtual. */
  accInputHash: Hash
  globalExitRoot: Hash
  mainnetExitRoot: Hash
  rollupExitRoot: Hash
}

/** Exit roots are those of the newest leaf that a block of the batch, or of one before it, brought. */
export async function readBatchExtras(db: Queryable, batch: BatchRow): Promise<BatchExtras> {
  const [virtual] = await db
    .select({ accInputHash: virtualBatches.accInputHash })
    .from(virtualBatches)
    .where(eq(virtualBatches.batchNumber, batch.batchNumber))
  const exitRoots = batch.forcedBatchNumber === null ? await readLeafRoots(db, batch) : await readForcedRoots(db, batch)
  return { accInputHash: virtual?.accInputHash ?? ZERO_HASH, ...exitRoots }
}

async function readLeafRoots(db: Queryable, { batchNumber }: BatchRow): Promise<Omit<BatchExtras, 'accInputHash'>> {
  const [leaf] = await db
    .select({
      globalExitRoot: l1InfoLeaves.globalExitRoot,
      mainnetExitRoot: l1InfoLeaves.mainnetExitRoot,
      rollupExitRoot: l1InfoLeaves.rollupExitRoot,
    })
    .from(l2Blocks)
    .innerJoin(l1InfoLeaves, eq(l1InfoLeaves.leafIndex, l2Blocks.l1InfoIndex))
    .where(and(lte(l2Blocks.batchNumber, batchNumber), gt(l2Blocks.l1InfoIndex, 0)))
    .orderBy(desc(l2Blocks.blockNumber))
    .limit(1)
  return leaf ?? { globalExitRoot: ZERO_HASH, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH }
}

async function readForcedRoots(db: Queryable, batch: BatchRow): Promise<Omit<BatchExtras, 'accInputHash'>> {
  const [forced] = await db
    .select({ globalExitRoot: forcedBatches.forcedGlobalExitRoot })
    .from(forcedBatches)
    .where(eq(forcedBatches.forcedBatchNumber, batch.forcedBatchNumber ?? 0))
  const globalExitRoot = forced?.globalExitRoot ?? ZERO_HASH
  const [leaf] = await db
    .select({ mainnetExitRoot: l1InfoLeaves.mainnetExitRoot, rollupExitRoot: l1InfoLeaves.rollupExitRoot })
    .from(l1InfoLeaves)
    .where(eq(l1InfoLeaves.globalExitRoot, globalExitRoot))
    .orderBy(asc(l1InfoLeaves.leafIndex))
    .limit(1)
  return { globalExitRoot, mainnetExitRoot: ZERO_HASH, rollupExitRoot: ZERO_HASH, ...leaf }
}
