import { sql } from 'drizzle-orm'
import type { Queryable } from '../client.ts'

/** One transaction of a block, as fee statistics need it. wei, gas. */
export type FeeSample = { effectiveGasPrice: bigint; gasUsed: number }

/** Samples by block number, of blocks `from` to `to` both included; a block without transactions has none. */
export async function readFeeSamples(db: Queryable, from: number, to: number): Promise<Map<number, FeeSample[]>> {
  const rows = (await db.execute(sql`
    select block_number, effective_gas_price, gas_used from state.transactions
    where block_number between ${from} and ${to} order by block_number, effective_gas_price`)) as unknown as {
    block_number: string
    effective_gas_price: string
    gas_used: string
  }[]
  const samples = new Map<number, FeeSample[]>()
  for (const row of rows) {
    const blockNumber = Number(row.block_number)
    const ofBlock = samples.get(blockNumber) ?? []
    ofBlock.push({ effectiveGasPrice: BigInt(row.effective_gas_price), gasUsed: Number(row.gas_used) })
    samples.set(blockNumber, ofBlock)
  }
  return samples
}
