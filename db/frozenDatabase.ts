import type { Readable } from 'node:stream'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Queryable } from './client.ts'
import * as schema from './schema.ts'
import { findSnapshotTables, type StoredTable } from './snapshotTables.ts'

/** Rows of a table that lie on these pages of its file; the last chunk has no end. */
export type Chunk = { table: string; columns: readonly string[]; fromPage: number; toPage: number | undefined }

/** Reads chunks as they were at the moment. Use it for one thing at a time. */
export type FrozenReader = {
  countRows(chunk: Chunk): Promise<number>
  /** In the binary form of COPY. */
  copy(chunk: Chunk): Promise<Readable>
}

/** One moment of a database that goes on: all readers see the same, however long they take. */
export type FrozenDatabase = {
  db: Queryable
  tables: readonly StoredTable[]
  openReader(): Promise<FrozenReader>
  close(): Promise<void>
}

const BEGIN = 'begin isolation level repeatable read read only'

/** Takes a lock on each table that only keeps others from changing its form. */
export async function freezeDatabase(url: string): Promise<FrozenDatabase> {
  const connections: postgres.Sql[] = []
  const connect = () => {
    const connection = connectForHours(url)
    connections.push(connection)
    return connection
  }
  const close = async () => {
    await Promise.all(connections.map((connection) => connection.end({ timeout: 1 })))
  }
  const leader = connect()
  try {
    await leader.unsafe(BEGIN)
    const db = drizzle(leader, { schema })
    const [exported] = await leader.unsafe<{ id: string }[]>('select pg_export_snapshot() as id')
    for (const { name } of await findSnapshotTables(db))
      await leader.unsafe(`lock table ${quote(name)} in access share mode`)
    return {
      ...{ db, tables: await findSnapshotTables(db), close },
      async openReader() {
        const reader = connect()
        await reader.unsafe(BEGIN)
        await reader.unsafe(`set transaction snapshot '${exported!.id}'`)
        return readChunksOf(reader)
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

const readChunksOf = (sql: postgres.Sql): FrozenReader => ({
  async countRows(chunk) {
    const [row] = await sql.unsafe<{ count: string }[]>(`select count(*) from ${quote(chunk.table)} ${onPages(chunk)}`)
    return Number(row!.count)
  },
  async copy(chunk) {
    const columns = chunk.columns.map((column) => `"${column}"`).join(', ')
    const rows = `select ${columns} from ${quote(chunk.table)} ${onPages(chunk)}`
    const copied = await sql.unsafe(`copy (${rows}) to stdout (format binary)`).readable()
    // The client may have paused its socket for the last rows, and nobody reads on after them: what follows is for it.
    return copied.once('end', () => copied._read(0))
  },
})

const onPages = ({ fromPage, toPage }: Chunk) =>
  `where ctid >= '(${fromPage},0)'::tid${toPage === undefined ? '' : ` and ctid < '(${toPage},0)'::tid`}`

/** Of `schema.table`. */
export const quote = (name: string) =>
  name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')

/** One connection that nothing ends early: a transaction on it may take as long as the data is large. */
export function connectForHours(url: string): postgres.Sql {
  return postgres(url, {
    ...{ max: 1, max_lifetime: null, idle_timeout: 0, onnotice: () => {} },
    connection: { application_name: 'zknode-snapshot', statement_timeout: 0, idle_in_transaction_session_timeout: 0 },
  })
}
