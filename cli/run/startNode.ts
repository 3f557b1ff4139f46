import { join } from 'node:path'
import type { NodeFile } from '#config/schema.ts'
import type { Sections } from '#config/sections.ts'
import { migrate } from '#db/migrate.ts'
import { writeJson } from '#devnet/dataFolder.ts'
import { storeGenesis } from '#devnet/genesis.ts'
import { allOf, startPostgres, startTemporal } from '#devnet/launcher.ts'
import { choosePort } from '#devnet/ports.ts'
import type { Progress } from '#devnet/progress.ts'
import { followerServices, nodeServices } from '#devnet/services.ts'
import type { Supervisor } from '#devnet/supervisor.ts'
import { checkNetwork } from './checkedNetwork.ts'
import { completeConfig, findCoinbase } from './completeConfig.ts'
import type { Role } from './roles.ts'

const POSTGRES_PORT = 5433
/** The database's password stands in it. */
const PRIVATE = 0o600

type Start = { config: NodeFile; sections: Sections; roles: readonly Role[]; folder: string }

/** Checks, starts what the configuration does not name, prepares the database, starts the processes. Returns what to say. */
export async function startNode(
  { config, sections, roles, folder }: Start,
  supervisor: Supervisor,
  progress: Progress,
): Promise<string> {
  const network = await progress.step('L1 and the configuration', () => checkNetwork(config))
  const { address: temporalAddress, namespace: temporalNamespace } = config.temporal
  const [ownDatabaseUrl, temporal] = await allOf([
    config.database.url === undefined
      ? startPostgres(folder, await choosePort(POSTGRES_PORT), supervisor, progress)
      : undefined,
    startTemporal(
      { folder, temporalAddress, temporalNamespace },
      (_name, port) => choosePort(port),
      supervisor,
      progress,
    ),
  ])
  const databaseUrl = config.database.url ?? ownDatabaseUrl!
  await progress.step('Database schema', () => migrate(databaseUrl, config.proofStore.url ?? databaseUrl))
  const { genesis, state, l1ChainId } = network
  const { chainId, contracts, rollupId, forkId } = config.network
  const identity = { chainId, l1ChainId, rollupManager: contracts.rollupManager, rollupId, genesisRoot: state.root }
  await progress.step('L2 genesis', () => storeGenesis(databaseUrl, genesis, identity, forkId, state))
  const genesisFile = join(folder, 'genesis.json')
  writeJson(genesisFile, genesis)
  const coinbase = findCoinbase(config)
  const found = { network, databaseUrl: ownDatabaseUrl, temporal, coinbase, genesisFile }
  const path = join(folder, 'node.json')
  writeJson(path, completeConfig(sections, found), PRIVATE)
  return await startProcesses({ config, roles, path }, supervisor, progress)
}

type Processes = {
  config: Pick<NodeFile, 'role' | 'network' | 'aggregator' | 'rpc'>
  roles: readonly Role[]
  /** Of their configuration. */
  path: string
}

export async function startProcesses(
  { config, roles, path }: Processes,
  supervisor: Supervisor,
  { step }: Progress,
): Promise<string> {
  const rpcUrl = `http://${config.rpc.host}:${config.rpc.port}`
  const parts = { verifier: config.network.verifier, hasRemoteProvers: config.aggregator.grpc.enabled }
  const all = config.role === 'sequencer' ? nodeServices(path, rpcUrl, parts) : followerServices(path, '')
  const services = all.filter(({ name }) => roles.includes(name as Role))
  await allOf(services.map((spec) => step(spec.name, () => supervisor.start(spec))))
  const names = services.map(({ name }) => name)
  return `Ready: ${names.join(', ')}${names.includes('api') ? ` at ${rpcUrl}` : ''}`
}
