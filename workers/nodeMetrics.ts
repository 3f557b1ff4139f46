import type { Config } from '#config/schema.ts'
import { connectDatabase } from '#db/client.ts'
import { METRICS_POOL } from '#db/rpc/nodeFigures.ts'
import { addNodeMetrics } from '#ops/metrics/nodeMetrics.ts'
import type { Ops } from '#ops/ops.ts'

/**
 * Metrics of the whole node, on connections of their own: a scrape takes none from the work, nor counts as work. Gives
 * what closes them.
 */
export function openNodeMetrics({ registry }: Pick<Ops, 'registry'>, config: Config): () => Promise<void> {
  const connect = (url: string) => connectDatabase(url, { maxConnections: 2, name: METRICS_POOL })
  const db = connect(config.database.url)
  const proofDb = config.role === 'sequencer' ? connect(config.proofStore.url) : undefined
  addNodeMetrics(registry, { db, proofDb, role: config.role })
  return async () => {
    await Promise.all([db, proofDb].map((opened) => opened?.$client.end({ timeout: 5 })))
  }
}
