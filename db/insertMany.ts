import { getTableColumns, type InferInsertModel, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { type ArrayElement, arrayOf } from './arrays.ts'
import type { Queryable } from './client.ts'

/** In one statement: its parameters are texts, which have an upper limit and are in memory several times. */
const MAX_ROWS = 20_000

/**
 * Inserts any number of rows with one array parameter per column, so that the statement's text does not depend on the
 * count and stays prepared. Columns that no row names keep their default; `undefined` and null become NULL.
 * `onConflict` is appended, e.g. sql`on conflict do nothing`. More than 20,000 rows take several statements.
 */
export async function insertMany<Table extends PgTable>(
  tx: Queryable,
  table: Table,
  rows: readonly InferInsertModel<Table>[],
  onConflict: SQL = sql``,
): Promise<void> {
  for (let start = 0; start < rows.length; start += MAX_ROWS)
    await insertPart(tx, table, rows.slice(start, start + MAX_ROWS), onConflict)
}

async function insertPart<Table extends PgTable>(
  tx: Queryable,
  table: Table,
  rows: readonly InferInsertModel<Table>[],
  onConflict: SQL,
): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.entries(getTableColumns(table) as Record<string, PgColumn>).filter(([key]) => key in first)
  const names = columns.map(([, column]) => sql.identifier(column.name))
  const arrays = columns.map(([key, column]) => {
    const values = rows.map((row) => {
      const value = (row as Record<string, unknown>)[key]
      return value === undefined || value === null ? null : (column.mapToDriverValue(value) as ArrayElement)
    })
    return arrayOf(typeOf(column), values)
  })
  await tx.execute(
    sql`insert into ${table} (${sql.join(names, sql`, `)}) select * from unnest(${sql.join(arrays, sql`, `)}) ${onConflict}`,
  )
}

/** Columns that count by themselves hold integers. */
const typeOf = (column: PgColumn) => column.getSQLType().replace('serial', 'int')
