import type { Hash } from '#protocol/primitives.ts'
import type { Telemetry } from './telemetry.ts'

type Block = { seconds: number; batchNumber: number; blockNumber: number; transactions: readonly { hash: Hash }[] }

/** In the trace of each transaction: its block, with a link to the trace of its batch. */
export function tellMined(telemetry: Telemetry, { seconds, batchNumber, blockNumber, transactions }: Block): void {
  const endedAt = Date.now()
  const links = [telemetry.batch(batchNumber)]
  for (const { hash } of transactions)
    telemetry.tell(telemetry.transaction(hash), {
      ...{ name: 'mined', startedAt: endedAt - seconds * 1000, endedAt, links },
      attributes: { 'zknode.tx_hash': hash, 'zknode.block': blockNumber, 'zknode.batch': batchNumber },
    })
}
