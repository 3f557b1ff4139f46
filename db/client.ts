import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema.ts'

export type Database = PostgresJsDatabase<typeof schema> & { $client: postgres.Sql }
/** A database or a transaction on it: what queries take. */
export type Queryable = Pick<Database, 'select' | 'insert' | 'update' | 'delete' | 'execute' | 'query'>

/**
 * Opens a pool of connections; none is made before the first query. Close it with `db.$client.end()`.
 * `statementTimeoutMs`: the server cancels queries that take longer; 0 for no limit.
 */
export function connectDatabase(
  url: string,
  { maxConnections = 10, name = 'zknode', statementTimeoutMs = 0 } = {},
): Database {
  const client = postgres(url, {
    max: maxConnections,
    connection: {
      application_name: name,
      ...(statementTimeoutMs > 0 ? { statement_timeout: statementTimeoutMs } : {}),
    },
    onnotice: () => {},
    types: {},
  })
  return drizzle(client, { schema })
}
