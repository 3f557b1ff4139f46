import { sql } from 'drizzle-orm'
import type { LooseNetwork } from '#config/inspect.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { readChainIdentity } from '#db/genesis.ts'
import { type MigrationGroup, PROOF_STORE, STATE } from '#db/migrate.ts'
import { readMigrationStatus } from '#db/migrationStatus.ts'
import { reasonOf } from '../nodeConfig.ts'
import { ANSWER_WITHIN_MS, type Finding, fault, fine, warning } from './finding.ts'

const OLDEST_POSTGRES = 15

export type DatabasePlace = {
  option: 'database.url' | 'proofStore.url'
  url: string
  /** What the database holds, to compare it with; of the State DB. */
  network?: LooseNetwork
}

/** Whether the database lets us in, is new enough, has our schema, and belongs to this network. */
export async function checkDatabase({ option, url, network }: DatabasePlace): Promise<Finding[]> {
  const db = connectDatabase(url, { maxConnections: 1, name: 'zknode-check', connectTimeoutMs: ANSWER_WITHIN_MS })
  try {
    const server = await askServer(db)
    const ofServer = describeServer(option, server)
    const groups = option === 'proofStore.url' ? [PROOF_STORE] : [PROOF_STORE, STATE]
    const schema = await checkSchema(db, { option, groups, canCreate: server.canCreate })
    if (schema.some(({ status }) => status !== 'fine') || network === undefined) return [...ofServer, ...schema]
    return [...ofServer, ...schema, ...(await compareIdentity(db, option, network))]
  } catch (error) {
    return [describeRefusal({ option, url }, error)]
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}

/** SQLSTATE of what a server says to who knocks. */
const REFUSALS: Record<string, (role: string, name: string) => [found: string, remedy: string]> = {
  '28P01': (role) => [
    `the server refuses the password of ${role}`,
    'Correct the password in the URL; psql with the same URL says the same.',
  ],
  '28000': (role) => [`the server does not let ${role} in`, 'Create the role, or allow it in pg_hba.conf.'],
  '3D000': (role, name) => [`there is no database ${name}`, `Create it: create database ${name} owner ${role};`],
  '53300': () => ['the server has no connection left', 'Raise max_connections, or lower database.maxConnections.'],
}

function describeRefusal({ option, url }: Pick<DatabasePlace, 'option' | 'url'>, error: unknown): Finding {
  const { host, username, pathname } = new URL(url)
  const refusal = REFUSALS[codeOf(error) ?? '']
  if (refusal === undefined)
    return fault(
      option,
      `${host} does not answer as it should: ${reasonOf(error)}`,
      'Start this Postgres server, or correct host and port in the URL.',
    )
  const [found, remedy] = refusal(decodeURIComponent(username), decodeURIComponent(pathname.slice(1)))
  return fault(option, `${host}: ${found}`, remedy)
}

/** Queries wrap what the driver says. */
function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { code?: string; cause?: unknown }
  return code ?? (cause === undefined ? undefined : codeOf(cause))
}

type Server = { version: number; host: string; isReplica: boolean; canCreate: boolean }

async function askServer(db: Database): Promise<Server> {
  const [row] = await db.execute<{ version: number; replica: boolean; create: boolean }>(sql`
    select current_setting('server_version_num')::int / 10000 as version, pg_is_in_recovery() as replica,
      has_database_privilege(current_database(), 'create') as create`)
  const { version, replica: isReplica, create: canCreate } = row!
  return { version, isReplica, canCreate, host: db.$client.options.host.join() }
}

function describeServer(option: string, { version, isReplica }: Server): Finding[] {
  if (isReplica)
    return [fault(option, 'is a replica, which nobody can write to', 'Name the primary server: all processes write.')]
  if (version < OLDEST_POSTGRES)
    return [fault(option, `is Postgres ${version}`, `Upgrade the server to ${OLDEST_POSTGRES} or newer.`)]
  return [fine(option, `Postgres ${version} lets us in`)]
}

type Schema = { option: string; groups: readonly MigrationGroup[]; canCreate: boolean }

async function checkSchema(db: Database, { option, groups, canCreate }: Schema): Promise<Finding[]> {
  const statuses = []
  for (const group of groups) statuses.push(await readMigrationStatus(db, group))
  const unknown = statuses.reduce((sum, status) => sum + status.unknown, 0)
  if (unknown > 0)
    return [
      fault(
        option,
        `its schema is newer than this version of zkNode: ${unknown} unknown migration${unknown === 1 ? '' : 's'}`,
        'Use the version of zkNode that brought it there, or a newer one.',
      ),
    ]
  const pending = statuses.flatMap((status) => status.pending)
  const isNew = statuses.every(({ applied }) => applied.length === 0)
  if (pending.length > 0 && !canCreate)
    return [fault(option, 'the role may not create schemas there', 'Make it the owner: alter database … owner to …;')]
  if (isNew)
    return [warning(option, 'has no schema yet', 'Nothing to do: `zknode run` makes it, `zknode db migrate` too.')]
  if (pending.length > 0)
    return [
      fault(
        option,
        `its schema is old: without ${pending.join(', ')}`,
        'Stop the node, back the database up, and run `zknode db migrate`.',
      ),
    ]
  return [fine(option, 'its schema is the newest')]
}

async function compareIdentity(db: Database, option: string, network: LooseNetwork): Promise<Finding[]> {
  const stored = await readChainIdentity(db)
  if (stored === undefined) return []
  const { chainId, l1ChainId, rollupId, genesisRoot, contracts } = network
  const ours = { chainId, l1ChainId, rollupId, genesisRoot, rollupManager: contracts?.rollupManager }
  const facts = (Object.keys(ours) as (keyof typeof ours)[]).filter(
    (fact) => ours[fact] !== undefined && ours[fact] !== stored[fact],
  )
  if (facts.length === 0) return [fine(option, `holds chain ${stored.chainId}`)]
  const differences = facts.map((fact) => `${fact} ${stored[fact]} instead of ${ours[fact]}`)
  return [
    fault(
      option,
      `holds another network: ${differences.join(', ')}`,
      'Name the database of this network, or an empty one.',
    ),
  ]
}
