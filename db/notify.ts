import { sql } from 'drizzle-orm'
import type { Database, Queryable } from './client.ts'

/**
 * `api_key`: that keys changed. `pool`: highest arrival stored. `l2_block`: number of the block stored. `batch`: number of
 * the batch that changed. `dev`: id of a request to the sequencer.
 */
export type Channel = 'api_key' | 'pool' | 'l2_block' | 'batch' | 'dev'

/** Tells listeners when the transaction commits. Equal messages of one transaction are delivered once. */
export async function notify(tx: Queryable, channel: Channel, payload: number): Promise<void> {
  await tx.execute(sql`select pg_notify(${`zknode_${channel}`}, ${String(payload)})`)
}

/**
 * Calls the handler for each message, and once with undefined after every (re)connection: messages sent while the
 * connection was down are lost, so a reader must look for itself then. Returns a function that ends it.
 */
export async function listen(
  db: Database,
  channel: Channel,
  handler: (payload: number | undefined) => void,
): Promise<() => Promise<void>> {
  const { unlisten } = await db.$client.listen(
    `zknode_${channel}`,
    (payload) => handler(Number(payload)),
    () => handler(undefined),
  )
  return unlisten
}
