import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import type { Queryable } from './client.ts'
import { MIGRATIONS_SCHEMA, type MigrationGroup, migrationsFolder } from './migrate.ts'

/** Migrations by name. `unknown`: applied by another version of this program, of which this one has no file. */
export type MigrationStatus = { applied: string[]; pending: string[]; unknown: number }

type Journal = { entries: { tag: string; when: number }[] }

/** What a database has of a group of migrations, and what it lacks; nothing is changed. */
export async function readMigrationStatus(db: Queryable, group: MigrationGroup): Promise<MigrationStatus> {
  const { entries } = JSON.parse(readFileSync(`${migrationsFolder(group)}/meta/_journal.json`, 'utf8')) as Journal
  const times = await readAppliedTimes(db, group)
  const last = Math.max(0, ...times)
  // As the migrator decides: what is newer than the newest applied one.
  const names = (isApplied: boolean) => entries.filter(({ when }) => when <= last === isApplied).map(({ tag }) => tag)
  const known = new Set(entries.map(({ when }) => when))
  return { applied: names(true), pending: names(false), unknown: times.filter((time) => !known.has(time)).length }
}

async function readAppliedTimes(db: Queryable, { migrationsTable }: MigrationGroup): Promise<number[]> {
  const [found] = await db.execute<{ exists: boolean }>(
    sql`select to_regclass(${`${MIGRATIONS_SCHEMA}.${migrationsTable}`}) is not null as exists`,
  )
  if (!found?.exists) return []
  const table = sql`${sql.identifier(MIGRATIONS_SCHEMA)}.${sql.identifier(migrationsTable)}`
  const rows = await db.execute<{ created_at: string }>(sql`select created_at from ${table}`)
  return rows.map(({ created_at }) => Number(created_at))
}
