import { and, eq, gte, sql } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'
import { proofs, witnesses } from './schema.ts'

export class ProofNotFoundError extends NodeError {
  override readonly name = 'ProofNotFoundError'
}

export type ProofRow = typeof proofs.$inferSelect
export type NewProof = Omit<ProofRow, 'createdAt'>

/** Keeps the witness of a batch; a batch that was made again replaces it. */
export async function storeWitness(
  tx: Queryable,
  row: { batchNumber: BatchNumber; oldStateRoot: Hash; witness: Uint8Array },
): Promise<void> {
  const { oldStateRoot, witness } = row
  await tx
    .insert(witnesses)
    .values(row)
    .onConflictDoUpdate({ target: witnesses.batchNumber, set: { oldStateRoot, witness, createdAt: sql`now()` } })
}

/** The witness of a batch, when it is one against this root. */
export async function findWitness(
  db: Queryable,
  batchNumber: BatchNumber,
  oldStateRoot: Hash,
): Promise<Uint8Array | undefined> {
  const [row] = await db
    .select({ witness: witnesses.witness })
    .from(witnesses)
    .where(and(eq(witnesses.batchNumber, batchNumber), eq(witnesses.oldStateRoot, oldStateRoot)))
  return row?.witness
}

export async function findProof(db: Queryable, proofId: string): Promise<ProofRow | undefined> {
  const [row] = await db.select().from(proofs).where(eq(proofs.proofId, proofId))
  return row
}

/** @throws {ProofNotFoundError} */
export async function getProof(db: Queryable, proofId: string): Promise<ProofRow> {
  const row = await findProof(db, proofId)
  if (row === undefined) throw new ProofNotFoundError('No such proof.', { facts: { proofId } })
  return row
}

/** Notes a proof that was compared with the State DB. Idempotent: the first one of a name stays. */
export async function insertProof(tx: Queryable, proof: NewProof): Promise<void> {
  await tx.insert(proofs).values(proof).onConflictDoNothing()
}

/** Forgets every proof that covers this batch or a later one: their inputs no longer hold on L1. */
export async function deleteProofsFrom(tx: Queryable, batchNumber: BatchNumber): Promise<void> {
  await tx.delete(proofs).where(gte(proofs.toBatch, batchNumber))
}
