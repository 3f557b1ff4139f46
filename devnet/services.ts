import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VerifierKind } from '#config/schema.ts'
import {
  createDatabase,
  type PostgresCluster,
  postgresUrl,
  preparePostgres,
  waitForPostgres,
} from './postgresServer.ts'
import type { ProcessSpec } from './supervisor.ts'
import { type TemporalPlace, type TemporalSettings, temporalArguments, waitForTemporal } from './temporalServer.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
export const DATABASE_NAME = 'zknode'

/**
 * Who gives way when cores are short: users wait for the API, the sequencer and Postgres; workflows, checks and proofs
 * may come later. Not lower: on a machine busy with other work each must still start, and say in time that it lives.
 */
const NICENESS: Readonly<Record<string, number>> = {
  workflows: 3,
  synchronizer: 5,
  prover: 5,
  aggregator: 5,
  'follower-2': 5,
}
const nicenessOf = (name: string) => {
  const niceness = NICENESS[name.startsWith('prover-') ? 'prover' : name]
  return niceness === undefined ? {} : { niceness }
}

/** Postgres over `<folder>/postgres`, and the URL of the node's database, which `createNodeDatabase` makes. */
export async function postgresService(
  folder: string,
  port: number,
): Promise<{ spec: ProcessSpec; cluster: PostgresCluster }> {
  const cluster = await preparePostgres(join(folder, 'postgres'))
  const { command, args, options } = cluster.server(port)
  const spec: ProcessSpec = {
    name: 'postgres',
    command,
    args,
    ...options,
    stopSignal: 'SIGINT',
    beforeStart: () => removeStalePid(cluster.folder),
    ready: ({ signal }) => waitForPostgres(postgresUrl(cluster, port, 'postgres'), { signal }),
    stage: 0,
  }
  return { spec, cluster }
}

export async function createNodeDatabase(cluster: PostgresCluster, port: number): Promise<string> {
  await createDatabase(postgresUrl(cluster, port, 'postgres'), DATABASE_NAME)
  return postgresUrl(cluster, port, DATABASE_NAME)
}

/** After a restart of the machine the number in postmaster.pid may be another process: Postgres would not start. */
function removeStalePid(folder: string): void {
  const path = join(folder, 'postmaster.pid')
  if (!existsSync(path) || process.platform !== 'linux') return
  const pid = readFileSync(path, 'utf8').split('\n')[0]
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres') return
  } catch {}
  rmSync(path)
}

export function temporalService(command: string, settings: TemporalSettings, place: TemporalPlace): ProcessSpec {
  return {
    name: 'temporal',
    command,
    args: temporalArguments(settings, place),
    env: { ...settings.environment, ...process.env },
    ready: ({ signal }) => waitForTemporal(`127.0.0.1:${place.port}`, settings.namespace, { signal }),
    stage: 1,
  }
}

/** A node that only follows the chain: one process beside its API. Their names end with `suffix`. */
export function followerServices(configPath: string, suffix: string): ProcessSpec[] {
  const processOf = processesOf(configPath, withoutPlaces(process.env))
  return [
    processOf(`follower${suffix}`, 'workers/follower.ts', ({ waitForLine }) => waitForLine(says('worker ready')), 2),
    // Not /ready, which says no until a long reading of L1 is over.
    processOf(`api${suffix}`, 'api/main.ts', ({ waitForLine }) => waitForLine(says('api ready')), 3),
  ]
}

/** More than an API waits for running requests: rpc.drainDelayMs and rpc.drainMs, by default. */
const API_STOP_TIMEOUT_MS = 40_000

/** The file has all places: variables that win over it may be of the node beside this one. */
function withoutPlaces(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL, PROOF_STORE_URL, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...rest } = env
  return rest
}

const processesOf =
  (configPath: string, environment = process.env) =>
  (name: string, file: string, ready: ProcessSpec['ready'], stage: number): ProcessSpec => ({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', '--import', 'tsx', file],
    cwd: root,
    env: { ...environment, ZKNODE_CONFIG: configPath },
    ...nicenessOf(name),
    ready,
    stopTimeoutMs: name.startsWith('api') ? API_STOP_TIMEOUT_MS : 15_000,
    stage,
  })

/** `proverConfigs`: of provers beside the node's own, which have keys of their own. */
type NodeParts = {
  verifier: VerifierKind
  /** True when left out. */
  hasProver?: boolean
  hasRemoteProvers: boolean
  proverConfigs?: readonly string[]
}

/** The node itself, as one process per role; all read the configuration file. A prover of our own only attests. */
export function nodeServices(
  configPath: string,
  rpcUrl: string,
  { verifier, hasProver = true, hasRemoteProvers, proverConfigs = [] }: NodeParts,
): ProcessSpec[] {
  const processOf = processesOf(configPath)
  const isReady: ProcessSpec['ready'] = ({ waitForLine }) => waitForLine(says('worker ready'))
  const worker = (name: string) => processOf(name, `workers/${name === 'workflows' ? 'main' : name}.ts`, isReady, 2)
  const otherProvers = proverConfigs.map((path, index) =>
    processesOf(path)(`prover-${index + 2}`, 'workers/prover.ts', isReady, 2),
  )
  return [
    worker('workflows'),
    worker('sequencer'),
    worker('synchronizer'),
    ...(hasProver && verifier === 'attestation' ? [worker('prover'), ...otherProvers] : []),
    ...(hasRemoteProvers ? [worker('aggregator')] : []),
    processOf('api', 'api/main.ts', ({ signal }) => waitForOk(`${rpcUrl}/ready`, signal), 3),
  ]
}

const says = (message: string) => (line: string) => {
  if (!line.includes(message)) return false
  try {
    return (JSON.parse(line) as { msg?: unknown }).msg === message
  } catch {
    return false
  }
}

async function waitForOk(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      if ((await fetch(url, { signal })).ok) return
    } catch {
      signal.throwIfAborted()
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
