import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'

/** Of a table with its indexes. `rows` is what Postgres last counted. */
export type TableSize = { table: string; rows: number; sizeBytes: number }

/** Tables of this node, the largest first; those of schemas that a database does not have are left out. */
export async function readTableSizes(db: Queryable): Promise<TableSize[]> {
  const rows = await db.execute<{ table: string; rows: string; size: string }>(sql`
    select schemaname || '.' || relname as "table", n_live_tup as rows, pg_total_relation_size(relid) as size
    from pg_stat_user_tables where schemaname in ('pool', 'state', 'tree', 'proofs')
    order by size desc, "table"`)
  return rows.map(({ table, rows, size }) => ({ table, rows: Number(rows), sizeBytes: Number(size) }))
}
