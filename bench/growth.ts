import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connectDatabase } from '#db/client.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { createEtherman } from '#etherman/client.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { createSnapshot } from '#snapshot/createSnapshot.ts'
import { restoreSnapshot } from '#snapshot/restoreSnapshot.ts'
import { L1Chain } from '#test/l1Chain.ts'
import { CHAIN_ID } from '#test/sequencing.ts'
import { startThrowAwayPostgres } from '#test/setup/postgres.ts'
import { cpuSeconds } from './measure.ts'
import { ProcessMeter } from './network/processes.ts'
import type { BenchResult } from './run.ts'
import { type TransferKind, TransferSigner } from './transfers.ts'

type Row = Record<string, number | string>
type Sizes = Map<string, { table: number; indexes: number }>

const NAMES: Record<TransferKind, string> = { eth: 'ETH', erc20: 'ERC-20' }
const L1_CHAIN_ID = 1337
const JOBS = 2

/**
 * How much a database grows by transfers, by table, and what a snapshot of it is and takes. The node is one that makes
 * witnesses and takes the batches from L1; each transfer goes to an account or holder that is new.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const options = { json: { type: 'boolean' }, txs: text, 'per-block': text } as const
  const { txs = '5000', 'per-block': perBlock = '10' } = parseArgs({ args: [...args], options }).values
  const measured = [
    await measure('eth', Number(txs), Number(perBlock)),
    await measure('erc20', Number(txs), Number(perBlock)),
  ]
  const tables = new Set(measured.flatMap(({ growth }) => [...growth.keys()]))
  const growth = [...tables].map((table) => growthRow(table, measured)).filter((row) => Object.keys(row).length > 1)
  growth.sort((a, b) => Number(b['ERC-20 kB'] ?? 0) - Number(a['ERC-20 kB'] ?? 0))
  return {
    name: `growth: kB per 1,000 transfers, of ${txs}, ${perBlock} in a block and batch`,
    rows: growth,
    parts: [{ name: 'snapshots of these databases', rows: measured.flatMap(({ snapshot }) => snapshot) }],
  }
}

type Measured = { kind: TransferKind; growth: Sizes; snapshot: Row[] }

function growthRow(table: string, measured: readonly Measured[]): Row {
  const row: Row = { table }
  for (const { kind, growth } of measured) {
    const grown = growth.get(table)
    if (grown === undefined || grown.table + grown.indexes < 100) continue
    row[`${NAMES[kind]} kB`] = round((grown.table + grown.indexes) / 1000)
    row[`${NAMES[kind]} of it indexes`] = round(grown.indexes / 1000)
  }
  return row
}

async function measure(kind: TransferKind, transactions: number, perBlock: number): Promise<Measured> {
  const server = await startThrowAwayPostgres()
  const signer = new TransferSigner(CHAIN_ID)
  const l1 = await L1Chain.start(signer.senders)
  try {
    const sequencer = await l1.openNode(await createDatabase(server.value, 'sequencer'))
    await sequencer.poll()
    const deployment = [encodeRawTransaction(signer.deployment.transaction)]
    await l1.makeBatches(sequencer, deployment, { firstBatch: 2, transactions: 1 })
    await l1.sequence(sequencer, 2)
    const url = await createDatabase(server.value, 'node')
    const node = await l1.openNode(url, { isReader: false })
    await node.poll()
    const before = await readSizes(url)
    const raws = signer.sign(kind, transactions)
    const lastBatch = await l1.makeBatches(sequencer, raws, { firstBatch: 3, transactions: perBlock })
    await l1.sequence(sequencer, lastBatch)
    await l1.verify(sequencer, 1, lastBatch)
    await node.poll()
    const after = await readSizes(url)
    await Promise.all([node.close(), sequencer.close()])
    const growth: Sizes = new Map()
    for (const [table, size] of after) {
      const { table: rows, indexes } = before.get(table)!
      const per = (grown: number) => (grown * 1000) / transactions
      growth.set(table, { table: per(size.table - rows), indexes: per(size.indexes - indexes) })
    }
    return {
      kind,
      growth,
      snapshot: await measureSnapshot(kind, {
        l1,
        from: url,
        to: await createDatabase(server.value, 'restored'),
        server,
      }),
    }
  } finally {
    await l1.stop()
    await server.stop()
  }
}

/** Bytes of each table and of its indexes, without what is only free room. */
async function readSizes(url: string): Promise<Sizes> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-bench' })
  await db.$client.unsafe('vacuum full')
  const rows = await db.$client.unsafe<{ name: string; rows: string; indexes: string }[]>(`
    select schemaname || '.' || relname as name, pg_table_size(relid) as rows, pg_indexes_size(relid) as indexes
    from pg_stat_user_tables where schemaname in ('state', 'tree')`)
  await db.$client.end()
  return new Map(rows.map(({ name, rows, indexes }) => [name, { table: Number(rows), indexes: Number(indexes) }]))
}

type Places = { l1: L1Chain; from: string; to: string; server: { pid: number | undefined } }

async function measureSnapshot(kind: TransferKind, { l1, from, to, server }: Places): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zknode-growth-'))
  const { rollupId, rollupManager, rollup, globalExitRoot, pol } = l1.deployment
  const contracts = { rollupManager, rollup, globalExitRoot, pol }
  const network = { chainId: CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupId, contracts }
  const etherman = createEtherman({ rpcUrl: l1.url, contracts, rollupId, requestTimeoutMs: 30_000 })
  const meter = new ProcessMeter({ postgres: server.pid ?? 0 })
  const timed = async <T>(what: string, work: () => Promise<T>) => {
    const [before, startedAt] = [meter.read()['postgres']!.cpuSeconds, performance.now()]
    const { seconds, value } = await cpuSeconds(work)
    const wall = (performance.now() - startedAt) / 1000
    return { what, value, wall, cpu: seconds, postgres: meter.read()['postgres']!.cpuSeconds - before }
  }
  try {
    const created = await timed('create', () =>
      createSnapshot({ databaseUrl: from, network, folder: join(folder, 'snapshot'), jobs: JOBS }),
    )
    const restored = await timed('restore', () =>
      restoreSnapshot({
        ...{ databaseUrl: to, network, etherman, folder: join(folder, 'snapshot'), jobs: JOBS },
      }),
    )
    const files = created.value.tables.flatMap((table) => table.files)
    const sum = (key: 'bytes' | 'rawBytes') => files.reduce((total, file) => total + file[key], 0) / 1e6
    return [created, restored].map(({ what, wall, cpu, postgres }) => ({
      ...{ transfers: NAMES[kind], what, 'MB of rows': round(sum('rawBytes')), 'MB of files': round(sum('bytes')) },
      ...{ 'wall s': round(wall), 'MB of rows/s': round(sum('rawBytes') / wall) },
      ...{ 'CPU s': round(cpu), 'Postgres CPU s': round(postgres) },
    }))
  } finally {
    meter.stop()
    etherman.close()
    rmSync(folder, { recursive: true })
  }
}

const round = (value: number) => Math.round(value * 10) / 10
