import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { NodeError } from '#common/errors.ts'
import { ConfigError, loadNodeFile } from '#config/load.ts'
import { type Config, DEFAULT_TEMPORAL_ADDRESS, type NodeFile } from '#config/schema.ts'
import { connectDatabase, type Database } from '#db/client.ts'

/** Where a command finds the node. */
export type Place = { config: string }

/** The database does not do what the command asks of it. */
export class CommandDatabaseError extends NodeError {
  override readonly name = 'CommandDatabaseError'
}

const OWN_FILE = 'zknode.yaml'
const LOCAL_NETWORK_FILE = join('.zknode', 'node.json')

/** Of a command that asks or changes a node. */
const USUAL_FILES = [OWN_FILE, LOCAL_NETWORK_FILE]

/** Adds `--config`. The action gets the file that was found as `config`. */
export const withConfig = (command: Command, purpose: string, files: readonly string[] = USUAL_FILES) =>
  command
    .option(
      '--config <file>',
      `configuration of the node, ${purpose} (default: $ZKNODE_CONFIG, else ./${files.join(', else ')})`,
    )
    .hook('preAction', (_, self) => {
      self.setOptionValue('config', findConfig(self.opts<Partial<Place>>().config, { files }))
    })

/** For `run`: that of a running local network would be another node on the same database. */
export const withOwnConfig = (command: Command, purpose: string) => withConfig(command, purpose, [OWN_FILE])

type Places = { files?: readonly string[]; env?: NodeJS.ProcessEnv; folder?: string }

/** The file that the user named, or the first of the usual ones. @throws {ConfigError} when there is none */
export function findConfig(
  named: string | undefined,
  { files = USUAL_FILES, env = process.env, folder = '.' }: Places = {},
): string {
  const asked = named ?? (env['ZKNODE_CONFIG'] || undefined)
  if (asked !== undefined) return asked
  const found = files.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new ConfigError(
    `No configuration: there is no ${files.join(' and no ')} here. Name one with --config or ZKNODE_CONFIG, make one with ` +
      '`zknode config init`, or start a local network with `npm start`.',
  )
}

/** A node as commands reach it, by its servers: what else only `run` finds out, its file may leave out. */
export type Node = NodeFile & Pick<Config, 'database' | 'proofStore' | 'temporal'>

/** @throws {ConfigError} also when the file leaves the database to `zknode run` */
export function readNode({ config: path }: Place): Node {
  const { config } = loadNodeFile(path)
  const { url } = config.database
  if (url === undefined)
    throw new ConfigError(
      'database.url is not set. That of a database which `zknode run` started stands in node.json of its data directory: ' +
        'give that file as --config.',
    )
  const { address = DEFAULT_TEMPORAL_ADDRESS } = config.temporal
  return {
    ...config,
    ...{ database: { ...config.database, url }, proofStore: { url: config.proofStore.url ?? url } },
    temporal: { ...config.temporal, address },
  }
}

/** @throws {CommandDatabaseError} when the database is away or has another schema */
export async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-cli' })
  try {
    return await withDatabaseErrors(url, () => work(db))
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}

/** For work with connections of its own. @throws {CommandDatabaseError} */
export async function withDatabaseErrors<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NodeError || !isOfDatabase(error)) throw error
    throw new CommandDatabaseError('The database does not answer as it should.', {
      cause: error,
      facts: { database: new URL(url).host, error: reasonOf(error) },
    })
  }
}

/** The database and the way to it name what is wrong by a code; what has none, or one of Node.js itself, is a fault of ours. */
function isOfDatabase(error: unknown): boolean {
  const { code } = innermostCause(error)
  return typeof code === 'string' && !code.startsWith('ERR_')
}

export function reasonOf(error: unknown): string {
  const cause = innermostCause(error)
  return cause.message || (cause.code ?? String(cause))
}

/** Queries are in the outer ones. */
function innermostCause(error: unknown): Error & { code?: string } {
  const { cause } = error as Error
  return cause === undefined ? (error as Error) : innermostCause(cause)
}
