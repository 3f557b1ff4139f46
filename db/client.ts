import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema.ts'

export type Database = PostgresJsDatabase<typeof schema> & { $client: postgres.Sql }
/** A database or a transaction on it: what queries take. */
export type Queryable = Pick<Database, 'select' | 'insert' | 'update' | 'delete' | 'execute' | 'query'>

/** Texts that change with the number of their values: `in ($1, $2)`, `values ($1), ($2)`. */
const VARYING = / in \(|\), \(/

/**
 * Opens a pool of connections; none is made before the first query. Close it with `db.$client.end()`.
 * `statementTimeoutMs`: the server cancels queries that take longer; 0 for no limit. `connectTimeoutMs`: how long a server
 * may take to let us in.
 */
export function connectDatabase(
  url: string,
  { maxConnections = 10, name = 'zknode', statementTimeoutMs = 0, connectTimeoutMs = 30_000 } = {},
): Database {
  const client = postgres(url, {
    max: maxConnections,
    connect_timeout: connectTimeoutMs / 1000,
    connection: {
      application_name: name,
      ...(statementTimeoutMs > 0 ? { statement_timeout: statementTimeoutMs } : {}),
    },
    onnotice: () => {},
    types: {},
  })
  return drizzle(withPreparedStatements(client), { schema })
}

/**
 * Drizzle has each statement parsed, described and planned again, in two round trips. Statements of a fixed text stay
 * prepared on their connection instead.
 */
function withPreparedStatements(client: postgres.Sql): postgres.Sql {
  type Work = (sql: postgres.TransactionSql) => unknown
  const begin = client.begin as (...args: [...options: string[], work: Work]) => Promise<unknown>
  const beginPrepared: typeof begin = (...args) => {
    const work = args.pop() as Work
    return begin(...(args as string[]), (sql) => work(prepareFixedTexts(sql)))
  }
  client.begin = beginPrepared as typeof client.begin
  return prepareFixedTexts(client)
}

function prepareFixedTexts<Client extends Pick<postgres.Sql, 'unsafe'>>(sql: Client): Client {
  const send = sql.unsafe
  sql.unsafe = (text, parameters, options) =>
    send(text, parameters, VARYING.test(text) ? options : { ...options, prepare: true })
  return sql
}
