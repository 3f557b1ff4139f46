import { findLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { PROOF_STORE, STATE } from '#db/migrate.ts'
import { type MigrationStatus, readMigrationStatus } from '#db/migrationStatus.ts'
import { type BatchHeads, readBatchHeads } from '#db/rpc/batches.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { readTableSizes, type TableSize } from '#db/tableSizes.ts'
import { formatAge, formatBytes, formatTable } from '../textTable.ts'

/** Newest L2 block, newest batch by how far it is, and how far L1 was read. */
export type Newest = {
  block: { number: number; timestamp: number } | null
  batches: BatchHeads
  l1: { position: number; head: number; readAt: string } | null
}
export type DatabaseStatus = {
  schema: { state: MigrationStatus; proofs: MigrationStatus }
  /** Absent from an old schema. */
  newest?: Newest
  tables: TableSize[]
}

/** @param proofDb where the proof store is: it may be the same database */
export async function readDatabaseStatus(db: Database, proofDb: Database): Promise<DatabaseStatus> {
  const schema = {
    state: await readMigrationStatus(db, STATE),
    proofs: await readMigrationStatus(proofDb, PROOF_STORE),
  }
  const tables = await readTableSizes(db)
  if (proofDb !== db) {
    const own = tables.filter(({ table }) => !table.startsWith('proofs.'))
    const theirs = (await readTableSizes(proofDb)).filter(({ table }) => table.startsWith('proofs.'))
    tables.splice(0, tables.length, ...own, ...theirs)
  }
  const isReadable = schema.state.pending.length === 0 && schema.state.unknown === 0
  return { schema, ...(isReadable && { newest: await readNewest(db) }), tables }
}

async function readNewest(db: Database): Promise<Newest> {
  const [block, batches, l1] = [await findLastBlock(db), await readBatchHeads(db), await readL1Progress(db)]
  return {
    block: block === undefined ? null : { number: block.blockNumber, timestamp: block.timestamp },
    batches,
    l1: l1 === undefined ? null : { position: l1.position, head: l1.target, readAt: l1.updatedAt.toISOString() },
  }
}

export function formatStatus({ schema, newest, tables }: DatabaseStatus, now: Date): string[] {
  const rows = tables.map(({ table, rows, sizeBytes }) => [table, `${rows}`, formatBytes(sizeBytes)])
  const total = tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return [
    describeSchema('Schema of the State DB', schema.state),
    describeSchema('Schema of the proof store', schema.proofs),
    ...(newest === undefined ? [] : ['', ...describeNewest(newest, now)]),
    ...(rows.length === 0
      ? []
      : ['', ...formatTable([['TABLE', 'ROWS (ABOUT)', 'SIZE'], ...rows, ['all', '', formatBytes(total)]])]),
  ]
}

function describeSchema(name: string, { applied, pending, unknown }: MigrationStatus): string {
  if (unknown > 0) return `${name}: newer than this version of zkNode (unknown migrations: ${unknown})`
  if (pending.length === 0) return `${name}: newest, ${applied.at(-1)}`
  const state = applied.length === 0 ? 'not made' : `old, ${applied.at(-1)}`
  return `${name}: ${state}; pending ${pending.join(', ')}`
}

function describeNewest({ block, batches, l1 }: Newest, now: Date): string[] {
  const age = (ms: number) => `${formatAge((now.getTime() - ms) / 1000)} ago`
  const { trusted, closed, virtual, verified, finalized } = batches
  return [
    block === null ? 'No L2 block.' : `L2 block ${block.number}, ${age(block.timestamp * 1000)}`,
    `Batches: trusted ${trusted}, closed ${closed}, virtual ${virtual}, verified ${verified}, finalized ${finalized}`,
    l1 === null
      ? 'L1 was not read yet.'
      : `L1 read up to block ${l1.position} of ${l1.head}, ${age(Date.parse(l1.readAt))}`,
  ]
}
