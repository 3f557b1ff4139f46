import type { Command } from 'commander'
import { NodeError } from '#common/errors.ts'
import { connectDatabase, type Database } from '#db/client.ts'

/** Where a command finds the node. */
export type Place = { config: string }

/** The database does not do what the command asks of it. */
export class CommandDatabaseError extends NodeError {
  override readonly name = 'CommandDatabaseError'
}

export const withConfig = (command: Command, purpose: string) =>
  command.option(
    '--config <file>',
    `configuration of the node, ${purpose}`,
    process.env['ZKNODE_CONFIG'] ?? '.zknode/node.json',
  )

/** @throws {CommandDatabaseError} when the database is away or has another schema */
export async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-cli' })
  try {
    return await work(db)
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw new CommandDatabaseError('The database does not answer as it should.', {
      cause: error,
      facts: { database: new URL(url).host, error: reasonOf(error) },
    })
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}

/** The innermost cause: queries are in the outer ones. */
function reasonOf(error: unknown): string {
  const { cause, message, code } = error as Error & { code?: string }
  return cause === undefined ? message || (code ?? String(error)) : reasonOf(cause)
}
