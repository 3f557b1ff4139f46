import { NodeError } from '#common/errors.ts'
import type { Database, Queryable } from '#db/client.ts'
import { findCursor, setCursor } from '#db/l1.ts'
import { SEQUENCER_LEASE, takeLease, UNDO_FENCE } from '#db/leases.ts'
import { lockHorizon, readHorizon } from '#db/pruning.ts'
import {
  findFirstUnverified,
  findFirstVirtualAfter,
  findHeldFrom,
  findRunningWriters,
  forgetL1BlocksAfter,
} from '#db/resync.ts'
import { findBlockBeforeRollbacks } from '#db/rollbacks.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import type { BatchNumber } from '#protocol/primitives.ts'

/** The node cannot throw these batches away and have them again. The message says what is possible. */
export class ResyncRefusedError extends NodeError {
  override readonly name = 'ResyncRefusedError'
}

/** What goes, and where it comes from again. */
export type ResyncPlan = {
  fromBatch: number
  toBatch: number
  blocks: number
  transactions: number
  /** Batches that are taken again from L1, and what is read for them: L1 blocks from here on. */
  fromL1: { fromBatch: number; toBatch: number; l1Block: number } | undefined
  /** Batches that L1 does not have, and how many transactions are in them. */
  notOnL1: { fromBatch: number; toBatch: number; transactions: number } | undefined
  /** Batches before `fromBatch` that are executed again, because L1 brought them with it. */
  checkedAgainFrom: number | undefined
}

type Request = { fromBatch: BatchNumber; role: 'sequencer' | 'permissionless' | 'trusting' }

/** undefined when the node has nothing from this batch on. @throws {ResyncRefusedError} */
export async function planResync(db: Queryable, { fromBatch, role }: Request): Promise<ResyncPlan | undefined> {
  const held = await findHeldFrom(db, fromBatch)
  if (held === undefined) return undefined
  const { lastBatch: toBatch, blocks, transactions, lastVirtual, l1Block, transactionsNotOnL1 } = held
  const position = l1Block === undefined ? undefined : await findBlockBeforeRollbacks(db, l1Block - 1)
  const first = position === undefined ? fromBatch : ((await findFirstVirtualAfter(db, position)) ?? fromBatch)
  await requireKept(db, Math.min(first, fromBatch), fromBatch)
  if (role === 'sequencer') await requireVerified(db, fromBatch)
  const firstNotOnL1 = (lastVirtual ?? fromBatch - 1) + 1
  return {
    ...{ fromBatch, toBatch, blocks, transactions },
    fromL1:
      lastVirtual === undefined || position === undefined
        ? undefined
        : { fromBatch, toBatch: lastVirtual, l1Block: position + 1 },
    notOnL1:
      firstNotOnL1 > toBatch ? undefined : { fromBatch: firstNotOnL1, toBatch, transactions: transactionsNotOnL1 },
    checkedAgainFrom: first < fromBatch ? first : undefined,
  }
}

/**
 * Throws away what the node has from a batch on, and has L1 read again from where it brought the batch, as one
 * transaction: killed in between, the node is as it was. undefined when there was nothing. @throws {ResyncRefusedError}
 */
export async function resync(db: Database, request: Request): Promise<ResyncPlan | undefined> {
  return await db.transaction(async (tx) => {
    await lockHorizon(tx)
    const plan = await planResync(tx, request)
    if (plan === undefined) return undefined
    await requireStopped(tx)
    for (const name of [SEQUENCER_LEASE, UNDO_FENCE]) await takeLease(tx, name) // who read of them before must not act
    await deleteBatchesFrom(tx, request.fromBatch)
    if (plan.fromL1 !== undefined) {
      const { l1Block } = plan.fromL1
      const target = (await findCursor(tx))?.target ?? l1Block
      await forgetL1BlocksAfter(tx, l1Block - 1)
      await setCursor(tx, l1Block - 1, target)
    }
    await requireStopped(tx) // nobody came meanwhile
    return plan
  })
}

/** They keep in memory how far L1 is read. @throws {ResyncRefusedError} */
async function requireStopped(db: Queryable): Promise<void> {
  const running = await findRunningWriters(db)
  if (running.length === 0) return
  throw new ResyncRefusedError(
    `The node runs: stop ${running.join(', ')} first; its API may go on. --dry-run works meanwhile.`,
  )
}

async function requireKept(db: Queryable, first: number, fromBatch: number): Promise<void> {
  const { oldestBatch } = await readHorizon(db)
  if (first >= oldestBatch && (fromBatch > oldestBatch || oldestBatch === 0)) return
  throw new ResyncRefusedError(
    `Batch ${fromBatch} is too old: the state before it is pruned. Possible is any batch after ${oldestBatch} whose ` +
      'sequence on L1 began there too; for older ones restore a snapshot, or begin with an empty database.',
  )
}

/** @throws {ResyncRefusedError} */
async function requireVerified(db: Queryable, fromBatch: BatchNumber): Promise<void> {
  const unverified = await findFirstUnverified(db, fromBatch)
  if (unverified === undefined) return
  throw new ResyncRefusedError(
    `Batch ${unverified} is this sequencer's and not verified on L1: its transactions, its L1 transactions and its proof ` +
      'are in the making, and would be lost. Possible when all batches are verified and the pool is empty; until then ' +
      'a node of role permissionless on another database takes them from L1.',
  )
}
