import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'

/** Tables of the State DB that a snapshot leaves out, and why. All others of the schemas `state` and `tree` are in it. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'state.leases': 'who may write is settled anew where the snapshot is restored',
  'state.outbox': 'signals to workflows of this node; restoring writes those that its workflows need',
  'state.proofs': 'their texts are in the proof store; what is not verified is proven anew',
  'state.l1_senders': 'balances, as they were when this node last looked',
  'state.removed_blocks': 'news for clients of this node, kept for an hour',
  'state.removed_logs': 'news for clients of this node, kept for an hour',
  'state.rpc_filters': 'filters of clients of this node',
  'state.api_keys': 'callers of this node',
  'state.dev_requests': 'callers of this node wait for them',
  'state.dev_snapshots': 'callers of this node know their numbers',
}

/** A table as the database has it. `name` is `schema.table`; `sizeBytes` is that of all but its indexes. */
export type StoredTable = { name: string; columns: string[]; pages: number; sizeBytes: number; sequences: string[] }

/** What a snapshot of this database holds, by name. `schemas`: where `state` and `tree` are for now. */
export async function findSnapshotTables(
  db: Pick<Queryable, 'execute'>,
  schemas: { state: string; tree: string } = { state: 'state', tree: 'tree' },
): Promise<StoredTable[]> {
  const rows = await db.execute<{
    schema: string
    table: string
    columns: string[]
    pages: number
    size: string
    sequences: string[]
  }>(sql`
    select case nspname when ${schemas.state} then 'state' else 'tree' end as schema, relname as table,
      (select array_agg(attname::text order by attnum) from pg_attribute
        where attrelid = class.oid and attnum > 0 and not attisdropped) as columns,
      (pg_relation_size(class.oid) / current_setting('block_size')::int)::int as pages,
      pg_table_size(class.oid) as size,
      array(select seq.relname::text from pg_depend join pg_class seq on seq.oid = objid and seq.relkind = 'S'
        where refobjid = class.oid and deptype = 'a' order by 1) as sequences
    from pg_class class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in (${schemas.state}, ${schemas.tree}) and relkind = 'r'
    order by 1, 2`)
  return rows
    .map(({ schema, table, columns, pages, size, sequences }) => ({
      ...{ name: `${schema}.${table}`, columns, pages, sizeBytes: Number(size) },
      sequences: sequences.map((sequence) => `${schema}.${sequence}`),
    }))
    .filter(({ name }) => !(name in LEFT_OUT))
}

/** Where the sequences that number the rows of these tables stand; null for one that gave no number yet. */
export async function readSequences(
  db: Pick<Queryable, 'execute'>,
  tables: readonly Pick<StoredTable, 'sequences'>[],
): Promise<Record<string, number | null>> {
  const values: Record<string, number | null> = {}
  for (const name of tables.flatMap(({ sequences }) => sequences)) {
    const [row] = await db.execute<{ last: string | null }>(sql`
      select pg_sequence_last_value(${name}::regclass) as last`)
    values[name] = row?.last == null ? null : Number(row.last)
  }
  return values
}
