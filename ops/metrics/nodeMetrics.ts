import type { Registry } from 'prom-client'
import type { Config } from '#config/schema.ts'
import { findLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { countPool } from '#db/pool.ts'
import { readBatchHeads } from '#db/rpc/batches.ts'
import { countRejected, readBusyConnections, readStageAges, readTableSizes } from '#db/rpc/nodeFigures.ts'
import { addL1Metrics } from './l1Metrics.ts'
import { addProofMetrics } from './proofMetrics.ts'
import { createSource } from './source.ts'

const [RECENT_MS, POOL_MS, SIZES_MS] = [5000, 15_000, 60_000]

/** What is one for a whole node, read from its databases: one process of each node has it. */
export function addNodeMetrics(
  registry: Registry,
  { db, proofDb, role }: { db: Database; proofDb: Database | undefined; role: Config['role'] },
): void {
  addChainMetrics(registry, db, role)
  addL1Metrics(registry, db)
  if (role === 'sequencer') {
    addPoolMetrics(registry, db)
    addProofMetrics(registry, { db, proofDb: proofDb ?? db })
  }
  addDatabaseMetrics(registry, proofDb === undefined || proofDb === db ? [db] : [db, proofDb])
}

function addChainMetrics(registry: Registry, db: Database, role: Config['role']): void {
  const heads = createSource(registry, () => readBatchHeads(db), RECENT_MS)
  heads.labelled(
    'batch_number',
    'Newest batch by how far it is: trusted (open or closed), closed, virtual, verified, safe, finalized.',
    ['state'],
    ({ trusted, closed, virtual, verified, safe, finalized }) =>
      Object.entries({ trusted, closed, virtual, verified, safe, finalized }).map(([state, value]) => ({
        labels: { state },
        value,
      })),
  )
  heads.gauge(
    'synchronizer_latest_synced_batch_number',
    'Newest batch in the State DB, as zkevm-node names it: batch_number tells more.',
    ({ trusted }) => trusted,
  )
  const head = createSource(registry, () => findLastBlock(db), RECENT_MS)
  head.gauge('l2_head', 'Newest L2 block.', (block) => block?.blockNumber)
  head.gauge(
    'l2_head_age_seconds',
    'Age of the newest L2 block by its timestamp.',
    (block) => block && Math.max(0, Math.floor(Date.now() / 1000) - block.timestamp),
  )
  const ages = createSource(registry, () => readStageAges(db, { checks: role === 'sequencer' }), RECENT_MS)
  ages.labelled(
    'batch_stage_age_seconds',
    'Time that the oldest batch of a stage has been in it; 0 when there is none.',
    ['stage'],
    (stages) => Object.entries(stages).map(([stage, value]) => ({ labels: { stage }, value })),
  )
}

function addPoolMetrics(registry: Registry, db: Database): void {
  const pool = createSource(
    registry,
    async () => ({ ...(await countPool(db)), rejected: await countRejected(db) }),
    POOL_MS,
  )
  pool.labelled(
    'pool_transactions',
    'Transactions in the pool: pending could run, queued wait for a nonce, rejected are kept with the reason.',
    ['state'],
    (states) => Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
  )
}

function addDatabaseMetrics(registry: Registry, databases: readonly Database[]): void {
  const read = async <T>(query: (db: Database) => Promise<T[]>) => (await Promise.all(databases.map(query))).flat()
  const sizes = createSource(registry, () => read(readTableSizes), SIZES_MS)
  sizes.labelled('db_size_bytes', 'Bytes of a table on disk with its indexes.', ['table'], (tables) =>
    tables.map(({ table, sizeBytes }) => ({ labels: { table }, value: sizeBytes })),
  )
  const busy = createSource(registry, () => read(readBusyConnections), RECENT_MS)
  busy.labelled(
    'db_pool_in_use',
    'Database connections at work, of all processes of the node, by pool.',
    ['pool'],
    (pools) => pools.map(({ pool, count }) => ({ labels: { pool }, value: count })),
  )
}
