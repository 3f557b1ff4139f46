import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '#common/errors.ts'
import { parseConfig } from '#config/load.ts'
import type { Config, ConfigInput } from '#config/schema.ts'
import { migrate } from '#db/migrate.ts'
import { recordProcesses, releaseDataFolder, takeDataFolder, writeJson } from '#devnet/dataFolder.ts'
import { storeGenesis } from '#devnet/genesis.ts'
import { startGuardian } from '#devnet/guardian.ts'
import { allOf, describeEvent, startPostgres, startTemporal, type TemporalParts } from '#devnet/launcher.ts'
import { choosePort } from '#devnet/ports.ts'
import { createProgress, type Progress } from '#devnet/progress.ts'
import { followerServices, nodeServices } from '#devnet/services.ts'
import { stopRequest } from '#devnet/stopRequest.ts'
import { Supervisor } from '#devnet/supervisor.ts'
import { createAttester } from '#prover/signature.ts'
import { type CheckedNetwork, checkNetwork } from './checkedNetwork.ts'
import { findKeys } from './keys.ts'
import { type NetworkFile, readNetworkFile } from './networkFile.ts'

export class RunOptionError extends UsageError {
  override readonly name = 'RunOptionError'
}

/**
 * Processes of a node, in the order of their start. `workflows` also sends to L1; `aggregator` is where remote provers
 * dial in, if the file has `aggregator.grpc.enabled`.
 */
export const ROLES = ['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api'] as const
export type Role = (typeof ROLES)[number]

const [POSTGRES_PORT, OPS_PORT] = [5433, 9091]

type Options = { network: string; roles?: string; as: string; sequencerUrl?: string; dataDir: string }

/** What the node is: see docs/roles.md. `sequencerUrl`: JSON-RPC of the trusted sequencer, for the others. */
type Kind = { role: Config['role']; sequencerUrl: string | undefined }

/** `zknode run`: the processes of a node for a network on somebody else's L1, until the user stops them. */
export const runCommand = () =>
  new Command('run')
    .description('Run the processes of a node for a network whose contracts are on L1 already.')
    .requiredOption('--network <file>', 'what there is to know of the network: see cli/README.md')
    .option('--roles <list>', `which processes, of ${ROLES.join(',')}; all when left out`)
    .option('--as <kind>', 'sequencer, or permissionless or trusting: follow the chain without keys', 'sequencer')
    .option(
      '--sequencer-url <url>',
      'JSON-RPC of the trusted sequencer: a trusting node follows it, others forward to it',
    )
    .option('--data-dir <folder>', 'where state and logs are kept', process.env['ZKNODE_DATA_DIR'] ?? '.zknode/node')
    .addHelpText('after', `\n${ENVIRONMENT}`)
    .action(async (options: Options) => {
      const kind = readKind(options)
      await runNode(readNetworkFile(options.network), readRoles(options.roles), kind, resolve(options.dataDir))
    })

const ENVIRONMENT = `Keys, each needed by the roles that use it:
  ZKNODE_SEQUENCER_KEY    trusted sequencer of the rollup: sends sequences
  ZKNODE_AGGREGATOR_KEY   has the trusted aggregator role: sends verifications
  ZKNODE_ATTESTER_KEY     signs what the embedded prover attests

Instead of starting its own it uses
  DATABASE_URL      a Postgres database
  PROOF_STORE_URL   another one for what provers read and write
  TEMPORAL_ADDRESS  a Temporal server (and TEMPORAL_NAMESPACE)`

/** @throws {RunOptionError} */
export function readRoles(list: string | undefined): readonly Role[] {
  if (list === undefined) return ROLES
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !ROLES.includes(name as Role))
  if (unknown.length > 0)
    throw new RunOptionError('There are no such roles.', { facts: { unknown: unknown.join(), known: ROLES.join() } })
  return ROLES.filter((role) => names.includes(role))
}

/** @throws {RunOptionError} */
export function readKind({ as, sequencerUrl, roles }: Pick<Options, 'as' | 'sequencerUrl' | 'roles'>): Kind {
  if (as !== 'sequencer' && as !== 'permissionless' && as !== 'trusting')
    throw new RunOptionError('--as takes sequencer, permissionless or trusting.', { facts: { as } })
  if (as === 'trusting' && sequencerUrl === undefined)
    throw new RunOptionError('A trusting node needs --sequencer-url.')
  if (as !== 'sequencer' && roles !== undefined)
    throw new RunOptionError('--roles are those of a sequencer; a node that follows has its own two processes.')
  return { role: as, sequencerUrl }
}

async function runNode(file: NetworkFile, roles: readonly Role[], kind: Kind, folder: string): Promise<void> {
  const progress = createProgress()
  const stop = stopRequest({ isUnderNpm: process.env['npm_lifecycle_event'] !== undefined })
  await takeDataFolder(folder, progress.say)
  const supervisor = new Supervisor({
    logFolder: join(folder, 'logs'),
    guardian: startGuardian(),
    onEvent: (event) => progress.say(describeEvent(event)),
    onChange: (running) => recordProcesses(folder, running),
  })
  stop.onSecond(() => supervisor.kill())
  try {
    const ready = await Promise.race([startNode({ file, roles, kind, folder }, supervisor, progress), stop.requested])
    if (ready !== undefined) {
      progress.say(ready)
      await stop.requested
    }
  } catch (error) {
    if (!stop.wasRequested()) throw error
  } finally {
    progress.say('Stopping …')
    await supervisor.stop()
    releaseDataFolder(folder)
    progress.say('Stopped.')
  }
}

type Run = { file: NetworkFile; roles: readonly Role[]; kind: Kind; folder: string }

/** Returns the line that says it is ready. */
async function startNode(
  { file, roles, kind, folder }: Run,
  supervisor: Supervisor,
  progress: Progress,
): Promise<string> {
  const network = await progress.step('L1 and the network file', () => checkNetwork(file))
  const { DATABASE_URL, PROOF_STORE_URL, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = process.env
  const temporalPlace = { temporalAddress: TEMPORAL_ADDRESS, temporalNamespace: TEMPORAL_NAMESPACE }
  const [databaseUrl, temporal] = await allOf([
    DATABASE_URL || startPostgres(folder, await choosePort(POSTGRES_PORT), supervisor, progress),
    startTemporal({ folder, ...temporalPlace }, (_name, port) => choosePort(port), supervisor, progress),
  ])
  await progress.step('Database schema', () => migrate(databaseUrl, PROOF_STORE_URL || databaseUrl))
  const { l1ChainId, genesis, state } = network
  const identity = {
    ...{ chainId: file.l2ChainId, l1ChainId, rollupManager: file.rollupManager, rollupId: file.rollupId },
    genesisRoot: state.root,
  }
  await progress.step('L2 genesis', () => storeGenesis(databaseUrl, genesis, identity, file.forkId, state))
  writeJson(join(folder, 'genesis.json'), genesis)
  const { role, sequencerUrl } = kind
  const config: ConfigInput = {
    ...nodeConfig(file, network, { databaseUrl, temporal, opsPort: await choosePort(OPS_PORT) }),
    ...{ role, ...(sequencerUrl !== undefined && { trustedSequencer: { rpcUrl: sequencerUrl } }) },
  }
  const { rpc, aggregator } = parseConfig(config)
  const configPath = join(folder, 'node.json')
  writeJson(configPath, config)
  const rpcUrl = `http://${rpc.host}:${rpc.port}`
  const services =
    role === 'sequencer'
      ? nodeServices(configPath, rpcUrl, {
          verifier: file.verifier,
          hasRemoteProvers: aggregator.grpc.enabled,
        }).filter(({ name }) => roles.includes(name as Role))
      : followerServices(configPath, '')
  await allOf(services.map((spec) => progress.step(spec.name, () => supervisor.start(spec))))
  const names = services.map(({ name }) => name)
  return `Ready: ${names.join(', ')}${names.includes('api') ? ` at ${rpcUrl}` : ''}`
}

type Places = { databaseUrl: string; temporal: TemporalParts; opsPort: number }

/** The configuration of the processes: what the file and L1 say, keys by reference. */
export function nodeConfig(file: NetworkFile, network: CheckedNetwork, places: Places): ConfigInput {
  const { rollupManager, rollup, globalExitRoot, pol, node } = file
  const { temporalAddress, temporalNamespace, temporalUiUrl } = places.temporal
  const { references, values } = findKeys()
  const coinbase = values.sequencer && createAttester(values.sequencer).address
  return {
    ...node,
    network: {
      ...{ name: file.name, chainId: file.l2ChainId, forkId: file.forkId, l1ChainId: network.l1ChainId },
      contracts: { rollupManager, rollup, globalExitRoot, pol, verifier: network.rollup.verifier },
      verifier: file.verifier,
      ...{ rollupId: file.rollupId, l1StartBlock: file.l1StartBlock, genesisFile: 'genesis.json' },
      ...{ genesisRoot: network.state.root, ...(file.attesters && { attesters: file.attesters }) },
      ...(file.attestersRequired && { attestersRequired: file.attestersRequired }),
    },
    database: { url: places.databaseUrl },
    l1: { rpcUrls: [file.l1RpcUrl], ...node.l1 },
    temporal: {
      ...{ address: temporalAddress, namespace: temporalNamespace },
      ...(temporalUiUrl === undefined ? {} : { uiUrl: temporalUiUrl }),
    },
    keys: references,
    sequencer: { ...(coinbase && { coinbase }), ...node.sequencer },
    ops: { port: places.opsPort, ...node.ops },
  }
}
