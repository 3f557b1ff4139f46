import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import type { Queryable } from './client.ts'
import { leases } from './schema.ts'

/** Somebody else took the lease: whoever sees this must stop writing. */
export class LeaseLostError extends NodeError {
  override readonly name = 'LeaseLostError'
}

/** Held by whoever adds to the chain of L2 blocks. */
export const SEQUENCER_LEASE = 'sequencer'

export type Lease = { name: string; epoch: number; owner: string }

/** Its epoch is the number of times that batches were undone: what was read of them before is not to be acted on after. */
export const UNDO_FENCE = 'undo'

export type Fence = Pick<Lease, 'name' | 'epoch'>

/** The fence as it stands: to be read before what it guards, and asserted when that is acted on. */
export async function readFence(db: Queryable, name: string): Promise<Fence> {
  await db.insert(leases).values({ name, epoch: 0, owner: '' }).onConflictDoNothing()
  const [row] = await db.select({ epoch: leases.epoch }).from(leases).where(eq(leases.name, name))
  return { name, epoch: row!.epoch }
}

/** Takes the lease from whoever has it. Writers with the older epoch fail from now on. */
export async function takeLease(db: Queryable, name: string): Promise<Lease> {
  const owner = randomUUID()
  const [row] = await db
    .insert(leases)
    .values({ name, epoch: 1, owner })
    .onConflictDoUpdate({
      target: leases.name,
      set: { epoch: sql`${leases.epoch} + 1`, owner, acquiredAt: sql`now()` },
    })
    .returning({ epoch: leases.epoch })
  return { name, epoch: row!.epoch, owner }
}

/** Call inside the transaction that writes: holds the lease's row until the commit. @throws {LeaseLostError} */
export async function assertLease(tx: Queryable, lease: Fence): Promise<void> {
  const [row] = await tx
    .select({ epoch: leases.epoch })
    .from(leases)
    .where(and(eq(leases.name, lease.name), eq(leases.epoch, lease.epoch)))
    .for('share')
  if (row === undefined)
    throw new LeaseLostError('The lease was taken over.', { facts: { name: lease.name, epoch: lease.epoch } })
}
