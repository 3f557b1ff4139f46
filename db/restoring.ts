import type { Writable } from 'node:stream'
import { sql } from 'drizzle-orm'
import { connectDatabase, type Database, type Queryable } from './client.ts'
import { connectForHours, quote } from './frozenDatabase.ts'
import { RESTORING } from './migrate.ts'
import { findSnapshotTables, type StoredTable } from './snapshotTables.ts'

/**
 * While a snapshot is loaded, `state` and `tree` have other names: no node finds a half of one. What was done stands beside
 * them, so that another attempt goes on.
 */
const PARKED = { state: `${RESTORING}_state`, tree: `${RESTORING}_tree` }
const ONE_AT_A_TIME = 8260002
const NODE_SCHEMAS = ['state', 'tree', 'pool'] as const

/** Half of what a small server has would be too much: several are built at once. */
const INDEX_MEMORY = '128MB'

const parked = (table: string) => quote(table.replace(/^(state|tree)\./, `${RESTORING}_$1.`))

/** Keeps others from restoring into the same database until it is released. Undefined when somebody does. */
export async function takeRestoreLock(url: string): Promise<(() => Promise<void>) | undefined> {
  const connection = connectForHours(url)
  const release = () => connection.end({ timeout: 1 })
  try {
    const [row] = await connection.unsafe<{ taken: boolean }[]>(
      `select pg_try_advisory_lock(${ONE_AT_A_TIME}) as taken`,
    )
    if (row!.taken) return release
  } catch (error) {
    await release()
    throw error
  }
  await release()
  return undefined
}

/** Which snapshot is half in the database; undefined when none is. */
export async function findRestoring(db: Queryable): Promise<string | undefined> {
  const [schema] = await db.execute(sql`select from pg_namespace where nspname = ${RESTORING}`)
  if (schema === undefined) return undefined
  const [row] = await db.execute<{ snapshot: string }>(sql.raw(`select snapshot from ${RESTORING}.snapshot`))
  return row!.snapshot
}

/** The first table of a node that has rows; undefined when all are empty, or there are none. */
export async function findFirstUsedTable(db: Queryable): Promise<string | undefined> {
  const tables = await db.execute<{ name: string }>(sql`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname in (${sql.join(
      NODE_SCHEMAS.map((name) => sql`${name}`),
      sql`, `,
    )}) order by 1`)
  for (const { name } of tables)
    if ((await db.execute(sql.raw(`select from ${quote(name)} limit 1`))).length > 0) return name
  return undefined
}

/**
 * Puts the empty schemas aside, without the indexes and constraints that are quicker to build afterwards, and remembers how
 * to build them.
 */
export async function beginRestoring(db: Database, snapshot: string): Promise<void> {
  await db.transaction(async (tx) => {
    const run = (statement: string) => tx.execute(sql.raw(statement))
    await run(`create schema ${RESTORING}`)
    await run(`create table ${RESTORING}.snapshot (snapshot text not null)`)
    await run(`create table ${RESTORING}.files (name text primary key)`)
    await run(
      `create table ${RESTORING}.statements (id serial primary key, step int not null, statement text not null)`,
    )
    await tx.execute(sql`insert into ${sql.raw(RESTORING)}.snapshot values (${snapshot})`)
    for (const [schema, name] of Object.entries(PARKED)) await run(`alter schema ${schema} rename to ${name}`)
    for (const { step, drop, build } of await findSlowParts(tx)) {
      await tx.execute(sql`insert into ${sql.raw(RESTORING)}.statements (step, statement) values (${step}, ${build})`)
      await run(drop)
    }
  })
}

type SlowPart = { step: number; drop: string; build: string }

/** Foreign keys first: they need the others, so they are dropped before and built after them. */
async function findSlowParts(tx: Queryable): Promise<SlowPart[]> {
  const inParked = sql`nspname in (${PARKED.state}, ${PARKED.tree})`
  const rows = await tx.execute<SlowPart>(sql`
    select case contype when 'f' then 2 else 1 end as step,
      format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(con.oid)) as build
    from pg_constraint con join pg_namespace on pg_namespace.oid = connamespace
    where ${inParked} and contype in ('f', 'p', 'u')
    union all
    select 1, format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    from pg_index join pg_class on pg_class.oid = indexrelid join pg_namespace on pg_namespace.oid = relnamespace
    where ${inParked} and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
    order by 1 desc, 3`)
  return [...rows]
}

/** Tables to load, by the names that they will have. */
export const findParkedTables = (db: Queryable): Promise<StoredTable[]> => findSnapshotTables(db, PARKED)

export async function findLoadedFiles(db: Queryable): Promise<Set<string>> {
  const rows = await db.execute<{ name: string }>(sql.raw(`select name from ${RESTORING}.files`))
  return new Set(rows.map(({ name }) => name))
}

/**
 * Loads one file: what `fill` writes in the binary form of COPY, and the note that it is in, or nothing when it throws.
 */
export async function loadFile(
  db: Database,
  { table, columns, file }: { table: string; columns: readonly string[]; file: string },
  fill: (into: Writable) => Promise<void>,
): Promise<void> {
  await db.$client.begin(async (tx) => {
    await tx.unsafe('set local synchronous_commit = off')
    const names = columns.map((column) => `"${column}"`).join(', ')
    await fill(await tx.unsafe(`copy ${parked(table)} (${names}) from stdin (format binary)`).writable())
    await tx.unsafe(`insert into ${RESTORING}.files (name) values ($1)`, [file])
  })
}

export type Statement = { id: number; step: number; statement: string }

/** What is left to build: step 1 before step 2. */
export async function findStatements(db: Queryable): Promise<Statement[]> {
  return [...(await db.execute<Statement>(sql.raw(`select * from ${RESTORING}.statements order by step, id`)))]
}

export async function runStatement(db: Database, { id, statement }: Statement): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql.raw(`set local maintenance_work_mem = '${INDEX_MEMORY}'`))
    await tx.execute(sql.raw(statement))
    await tx.execute(sql`delete from ${sql.raw(RESTORING)}.statements where id = ${id}`)
  })
}

export async function countParkedRows(db: Queryable, table: string): Promise<number> {
  const [row] = await db.execute<{ count: string }>(sql.raw(`select count(*) from ${parked(table)}`))
  return Number(row!.count)
}

/** In the caller's transaction: the schemas get their names back, and nothing remembers the loading. */
export async function endRestoring(tx: Queryable, sequences: Readonly<Record<string, number | null>>): Promise<void> {
  for (const [schema, name] of Object.entries(PARKED))
    await tx.execute(sql.raw(`alter schema ${name} rename to ${schema}`))
  for (const [name, last] of Object.entries(sequences))
    if (last !== null) await tx.execute(sql`select setval(${quote(name)}::regclass, ${last}::bigint)`)
  await tx.execute(sql.raw(`drop schema ${RESTORING} cascade`))
}

/** For the planner, which knows nothing of what was loaded. */
export async function analyze(url: string): Promise<void> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-snapshot' })
  try {
    await db.$client.unsafe('analyze')
  } finally {
    await db.$client.end({ timeout: 5 })
  }
}
