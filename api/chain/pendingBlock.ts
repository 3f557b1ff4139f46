import type { HeaderRow } from '#db/rpc/blocks.ts'

/** Where the block to come will stand. Its state is that of latest: docs/adr/0012. `timestamp`: now, seconds. */
export function placeOfPending(latest: HeaderRow): { number: number; timestamp: number } {
  const now = Math.floor(Date.now() / 1000)
  return { number: latest.blockNumber + 1, timestamp: Math.max(now, latest.timestamp) }
}
