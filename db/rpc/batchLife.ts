import { sql } from 'drizzle-orm'
import { bytesToHex } from '#common/bytes.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'
import type { Queryable } from '../client.ts'

/** A step of a batch's life: when it came, seconds, and the L1 transaction that made it. */
type Step = { at: number; l1TxHash: Hash | null; l1BlockNumber: number | null }
/** Our L1 transaction that takes the batch a step further. */
export type Sending = { status: string; at: number; attempts: number; error: string | null }

export type BatchLife = {
  virtual: Step | undefined
  proof: Step | undefined
  verified: Step | undefined
  sequence: Sending | undefined
  verification: Sending | undefined
}

/** One round trip. */
export async function readBatchLife(db: Queryable, batchNumber: BatchNumber): Promise<BatchLife> {
  const seconds = (column: string) => sql.raw(`extract(epoch from ${column})::bigint`)
  const sending = (purpose: 'sequence' | 'verify') => sql`(
    select 'sending-' || ${purpose}::text as step, ${seconds('created_at')} as at, null::bytea as tx_hash,
      l1_block_number, status, error,
      (select count(*) from state.l1_transaction_attempts attempt where attempt.id = tx.id) as attempts
    from state.l1_transactions tx
    where purpose = ${purpose} and from_batch <= ${batchNumber} and to_batch >= ${batchNumber}
    order by created_at desc limit 1)`
  const nothing = sql`null::text as status, null::text as error, 0::bigint as attempts`
  const rows = (await db.execute(sql`
    (select 'virtual' as step, block.timestamp as at, virtual.l1_tx_hash as tx_hash, block.block_number as l1_block_number, ${nothing}
      from state.virtual_batches virtual join state.l1_blocks block on block.block_number = virtual.l1_block_number
      where virtual.batch_number = ${batchNumber})
    union all (select 'proof', ${seconds('created_at')}, null, null, ${nothing} from state.proofs
      where kind = 'batch' and from_batch = ${batchNumber} order by created_at limit 1)
    union all (select 'verified', block.timestamp, verified.l1_tx_hash, block.block_number, ${nothing}
      from state.verifications verified join state.l1_blocks block on block.block_number = verified.l1_block_number
      where verified.to_batch >= ${batchNumber} order by verified.to_batch limit 1)
    union all ${sending('sequence')} union all ${sending('verify')}`)) as unknown as {
    step: string
    at: string
    tx_hash: Uint8Array | null
    l1_block_number: string | null
    status: string
    error: string | null
    attempts: string
  }[]
  const rowOf = (name: string) => rows.find(({ step }) => step === name)
  const step = (name: string): Step | undefined => {
    const row = rowOf(name)
    if (row === undefined) return undefined
    const l1TxHash = row.tx_hash === null ? null : (bytesToHex(row.tx_hash) as Hash)
    return {
      at: Number(row.at),
      l1TxHash,
      l1BlockNumber: row.l1_block_number === null ? null : Number(row.l1_block_number),
    }
  }
  const sent = (purpose: string): Sending | undefined => {
    const row = rowOf(`sending-${purpose}`)
    return row && { status: row.status, at: Number(row.at), attempts: Number(row.attempts), error: row.error }
  }
  return {
    ...{ virtual: step('virtual'), proof: step('proof'), verified: step('verified') },
    ...{ sequence: sent('sequence'), verification: sent('verify') },
  }
}
