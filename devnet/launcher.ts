import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NodeError } from '#common/errors.ts'
import type { ProcessRole } from '#config/ops.ts'
import { devAccounts } from './accounts.ts'
import { anvilSpec, backUpState, waitForL1 } from './anvil.ts'
import {
  DataFolderInUseError,
  recordProcesses,
  releaseDataFolder,
  resetDataFolder,
  takeDataFolder,
} from './dataFolder.ts'
import { startGuardian } from './guardian.ts'
import { restoreL1Clock } from './l1Clock.ts'
import { type Network, writeNetwork } from './network.ts'
import { chooseOpsPorts, operationsUrls } from './opsPorts.ts'
import type { LauncherOptions } from './options.ts'
import { renderPanel } from './panel.ts'
import { choosePort } from './ports.ts'
import { createProgress, type Progress } from './progress.ts'
import { setUpSecondNode } from './secondNode.ts'
import { createNodeDatabase, nodeServices, postgresService, temporalService } from './services.ts'
import {
  assertAttesters,
  assertVerifier,
  FORK_ID,
  findChain,
  L2_CHAIN_ID,
  setUpChain,
  writeNodeConfig,
  writeProverConfigs,
} from './setup.ts'
import { stopRequest } from './stopRequest.ts'
import { type ProcessEvent, Supervisor } from './supervisor.ts'
import { obtainTemporal } from './temporalBinary.ts'
import { ensureNamespace, readTemporalSettings } from './temporalServer.ts'

const RPC_PORT = 8123
const L1_PORT = 8545
const POSTGRES_PORT = 5433
const OPS_PORT = 9091
const PROVERS_PORT = 50_081
const SECOND_RPC_PORT = 8124
const SECOND_OPS_PORT = 9111
/** 9102 is that of prover-2, and so on. */
const PROVER_OPS_PORT = 9100
const NODE_PROCESSES = ['api', 'workflows', 'sequencer', 'synchronizer'] as const
const L1_BACKUP_INTERVAL_MS = 60_000

/**
 * Runs a whole network until the user stops it: starts what is missing, prints the panel, keeps the processes running.
 * Returns the exit code: 0 when it was stopped, 1 when it could not start.
 */
export async function runLauncher(options: LauncherOptions): Promise<number> {
  const { folder } = options
  const progress = createProgress()
  const stop = stopRequest({ isUnderNpm: options.isUnderNpm })
  try {
    await takeDataFolder(folder, progress.say)
    // A setup that was not completed is worth nothing.
    const chain = options.reset ? undefined : findChain(folder)
    if (chain === undefined) resetDataFolder(folder, { keepLogs: !options.reset })
    else {
      assertVerifier(chain, options.verifier)
      assertAttesters(chain, options.attesters)
    }
  } catch (error) {
    if (!(error instanceof DataFolderInUseError)) releaseDataFolder(folder)
    return explain(error)
  }
  const supervisor = new Supervisor({
    logFolder: join(folder, 'logs'),
    guardian: startGuardian(),
    onEvent: (event) => progress.say(describeEvent(event)),
    onChange: (running) => recordProcesses(folder, running),
  })
  stop.onSecond(() => supervisor.kill())
  let code = 0
  try {
    progress.say(`zkNode local network in ${folder}`)
    const network = await Promise.race([startNetwork(options, supervisor, progress), stop.requested])
    if (network !== undefined) {
      writeNetwork(folder, network)
      progress.say(renderPanel(network, folder))
      await stop.requested
    }
  } catch (error) {
    code = stop.wasRequested() ? 0 : explain(error)
  }
  rmSync(join(folder, 'network.json'), { force: true })
  progress.say('Stopping …')
  await supervisor.stop()
  releaseDataFolder(folder)
  progress.say('Stopped.')
  return code
}

async function startNetwork(options: LauncherOptions, supervisor: Supervisor, progress: Progress): Promise<Network> {
  const { folder, extraAccounts, verifier = 'attestation' } = options
  const port = async (name: string, preferred: number) => {
    const chosen = await choosePort(preferred)
    if (chosen !== preferred) progress.say(`  Port ${preferred} is busy: ${name} takes ${chosen}.`)
    return chosen
  }
  const rpcPort = await port('JSON-RPC', RPC_PORT)
  const rpcUrl = `http://127.0.0.1:${rpcPort}`
  const [databaseUrl, l1RpcUrl, temporal] = await allOf([
    options.databaseUrl ?? startPostgres(folder, await port('Postgres', POSTGRES_PORT), supervisor, progress),
    options.l1RpcUrl ?? startL1(folder, await port('L1', L1_PORT), supervisor, progress),
    startTemporal(options, port, supervisor, progress),
  ])
  await waitForL1(l1RpcUrl)
  const places = {
    folder,
    databaseUrl,
    l1RpcUrl,
    rpcUrl,
    isOwnL1: options.l1RpcUrl === undefined,
    ...{ extraAccounts, verifier, attesters: options.attesters },
  }
  const chain = await setUpChain(places, progress)
  if (places.isOwnL1) await restoreL1Clock(places)
  const hasRemoteProvers = options.remoteProvers || chain.verifier !== 'attestation'
  const proversPort = hasRemoteProvers ? await port('remote provers', PROVERS_PORT) : undefined
  const processes: ProcessRole[] = [
    ...NODE_PROCESSES,
    ...(options.prover && chain.verifier === 'attestation' ? (['prover'] as const) : []),
    ...(hasRemoteProvers ? (['aggregator'] as const) : []),
  ]
  const ops = await chooseOpsPorts(port, OPS_PORT, processes)
  const proverOpsPorts: number[] = []
  for (let number = 2; number <= chain.attesters.count; number++)
    proverOpsPorts.push(await port(`operations of prover-${number}`, PROVER_OPS_PORT + number))
  const configPlaces = { ...places, rpcPort, ops, proverOpsPorts, proversPort, ...temporal }
  const configPath = writeNodeConfig(chain, configPlaces, options.configFile)
  const services = nodeServices(configPath, rpcUrl, {
    ...{ verifier: chain.verifier, hasProver: options.prover, hasRemoteProvers },
    proverConfigs: writeProverConfigs(chain, configPlaces),
  })
  const second = options.secondNode && {
    ...{ kind: options.secondNode, rpcPort: await port('the second JSON-RPC', SECOND_RPC_PORT) },
    ops: await chooseOpsPorts(port, SECOND_OPS_PORT, ['api', 'follower'], 'the second '),
  }
  const secondNode = second && (await setUpSecondNode(chain, { ...places, ...second, ...temporal }, progress))
  if (secondNode !== undefined) services.push(...secondNode.services)
  await allOf(services.map((spec) => progress.step(spec.name, () => supervisor.start(spec))))
  const { rollupId, l1StartBlock: _, ...contracts } = chain.deployment
  const { temporalUiUrl, ...temporalPlace } = temporal
  return {
    ...{ rpcUrl, wsUrl: `ws://127.0.0.1:${rpcPort}`, l1RpcUrl, ...temporalPlace },
    ...(temporalUiUrl === undefined ? {} : { temporalUiUrl }),
    ...(secondNode === undefined ? {} : { secondNode: secondNode.node }),
    ...{ databaseUrl, chainId: L2_CHAIN_ID, l1ChainId: chain.l1ChainId, forkId: FORK_ID, rollupId, contracts },
    verifier: chain.verifier,
    operations: operationsUrls(ops, processes),
    ...(proversPort !== undefined && { proversAddress: `127.0.0.1:${proversPort}` }),
    accounts: devAccounts(),
  }
}

/** Postgres of our own; returns the URL of the node's database. */
export function startPostgres(
  folder: string,
  port: number,
  supervisor: Supervisor,
  { step }: Progress,
): Promise<string> {
  return step('Postgres', async () => {
    const { spec, cluster } = await postgresService(folder, port)
    await supervisor.start(spec)
    return createNodeDatabase(cluster, port)
  })
}

function startL1(folder: string, port: number, supervisor: Supervisor, { step }: Progress): Promise<string> {
  return step('L1 (anvil)', async () => {
    const stateFile = join(folder, 'l1-state.json')
    await supervisor.start(anvilSpec(port, stateFile))
    setInterval(() => backUpState(stateFile), L1_BACKUP_INTERVAL_MS).unref()
    return `http://127.0.0.1:${port}`
  })
}

type TemporalOptions = Pick<LauncherOptions, 'folder' | 'temporalAddress' | 'temporalNamespace'>
export type TemporalParts = { temporalAddress: string; temporalNamespace: string; temporalUiUrl: string | undefined }

/** A server of our own, or the one that the options name. */
export async function startTemporal(
  { folder, temporalAddress, temporalNamespace }: TemporalOptions,
  choose: (name: string, preferred: number) => Promise<number>,
  supervisor: Supervisor,
  { step }: Progress,
): Promise<TemporalParts> {
  const defaults = readTemporalSettings()
  const settings = { ...defaults, namespace: temporalNamespace ?? defaults.namespace }
  const { namespace } = settings
  if (temporalAddress !== undefined) {
    await step('Temporal (TEMPORAL_ADDRESS)', async () => {
      const { connectionOptions } = loadClientConnectConfig() // TLS and API keys
      const connection = await Connection.connect({ ...connectionOptions, address: temporalAddress })
      await ensureNamespace(connection, namespace, settings.searchAttributes)
      await connection.close()
    })
    return { temporalAddress, temporalNamespace: namespace, temporalUiUrl: undefined }
  }
  const port = await choose('Temporal', settings.server.port)
  const uiPort = await choose('Temporal UI', settings.server.uiPort)
  await step('Temporal', async (report) => {
    const command = await obtainTemporal({ report })
    const place = { port, uiPort, dbFile: join(folder, 'temporal.db') }
    await supervisor.start(temporalService(command, settings, place))
  })
  return {
    temporalAddress: `127.0.0.1:${port}`,
    temporalNamespace: namespace,
    temporalUiUrl: `http://127.0.0.1:${uiPort}`,
  }
}

/** Like Promise.all, but waits for every part: none is still starting when the first failure is told. */
export async function allOf<T extends readonly unknown[]>(
  parts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(parts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never
}

export function describeEvent(event: ProcessEvent): string {
  if (event.kind === 'restarted') return `  ${event.name} works again (${(event.afterMs / 1000).toFixed(1)} s)`
  const lines = event.lines.map((line) => `    ${line}`)
  return [`  ${event.name} ended (${event.reason}); starting it again in ${event.restartInMs / 1000} s`, ...lines].join(
    '\n',
  )
}

function explain(error: unknown): number {
  const text = error instanceof NodeError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`\n${text}\n`)
  return 1
}
