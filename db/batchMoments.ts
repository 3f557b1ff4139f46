import { sql } from 'drizzle-orm'
import type { BatchNumber } from '#protocol/primitives.ts'
import type { Queryable } from './client.ts'

/** Steps of a batch that the State DB has a time of; `mined`: as the sender saw it. */
export const BATCH_MOMENTS = [
  ...(['sealed', 'checked', 'sequenceSigned', 'sequenceMined', 'proofMade'] as const),
  ...(['finalProofMade', 'verificationSigned', 'verificationMined'] as const),
] as const
export type BatchMoments = Partial<Record<(typeof BATCH_MOMENTS)[number], number>>

/** When this node took a batch through its steps, milliseconds since 1970; what did not happen (here) is left out. */
export async function readBatchMoments(db: Queryable, batchNumber: BatchNumber): Promise<BatchMoments> {
  const covers = sql`from_batch <= ${batchNumber} and to_batch >= ${batchNumber}`
  const signed = (purpose: string) => sql`select min(attempt.created_at) from state.l1_transaction_attempts attempt
    join state.l1_transactions tx on tx.id = attempt.id where tx.purpose = ${purpose} and tx.status = 'mined' and ${covers}`
  const mined = (purpose: string) => sql`select max(updated_at) from state.l1_transactions
    where purpose = ${purpose} and status = 'mined' and ${covers}`
  const made = (kind: string) => sql`select min(created_at) from state.proofs where kind = ${kind} and ${covers}`
  const [row] = (await db.execute(sql`
    select closed_at as "sealed", checked_at as "checked",
      (${signed('sequence')}) as "sequenceSigned", (${mined('sequence')}) as "sequenceMined",
      (${made('batch')}) as "proofMade", (${made('final')}) as "finalProofMade",
      (${signed('verify')}) as "verificationSigned", (${mined('verify')}) as "verificationMined"
    from state.batches where batch_number = ${batchNumber}`)) as unknown as Record<string, string | Date | null>[]
  const known = BATCH_MOMENTS.flatMap((name) => {
    const at = row?.[name]
    return at == null ? [] : [[name, new Date(at).getTime()] as const]
  })
  return Object.fromEntries(known)
}
