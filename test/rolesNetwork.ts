import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ConfigInput } from '#config/schema.ts'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { type RecordedProcess, readJson } from '#devnet/dataFolder.ts'
import type { GenesisFile } from '#devnet/genesis.ts'
import type { Network } from '#devnet/network.ts'
import { choosePort } from '#devnet/ports.ts'
import { startAnvil } from '#test/anvil.ts'
import type { MainJobNode } from '#test/mainJob.ts'
import { until } from '#test/network.ts'
import { type NodeOfFile, startNodeOfFile } from '#test/nodeOfFile.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { createTestNamespace } from '#test/temporal.ts'

/** As an operator spreads them over machines: name and role. */
const PARTS = {
  workflows: 'workflows',
  sequencer: 'sequencer',
  synchronizer: 'synchronizer',
  'api-1': 'api',
  'api-2': 'api',
  'prover-1': 'prover',
  'prover-2': 'prover',
} as const
type Part = keyof typeof PARTS
const names = Object.keys(PARTS) as Part[]

export type RolesNetwork = MainJobNode & {
  /** Of a part: what its operator wrote. */
  configOf: (part: Part) => string
  stop: () => Promise<void>
}

/**
 * A node in seven parts, each started by a command of its own with a configuration of its own, on a Postgres, a Temporal
 * server and contracts of somebody else. Takes up to two minutes.
 */
export async function startRolesNetwork(): Promise<RolesNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'zknode-roles-'))
  const [anvil, database, temporal] = await Promise.all([
    startAnvil({ blockTimeSeconds: 1 }),
    createTestDatabase(),
    createTestNamespace(),
  ])
  const nodes: NodeOfFile[] = []
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await anvil.stop()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const deploy = ['--import', 'tsx', 'test/deployNetwork.ts', '--l1', anvil.url, '--out', folder]
    await promisify(execFile)(process.execPath, deploy)
    const { network } = readJson<Pick<ConfigInput, 'network'>>(join(folder, 'zknode.json'))!
    const { sequencer, aggregator, attester } = l1Roles()
    for (const [name, { privateKey }] of Object.entries({ sequencer, aggregator, attester }))
      writeFileSync(join(folder, `${name}.key`), privateKey)
    const rpcPorts = { 'api-1': await choosePort(), 'api-2': await choosePort() }
    const state = { l1: { rpcUrl: anvil.url }, database: { url: database.url } }
    const prover = { proofStore: { url: database.url }, keys: { attester: 'file:attester.key' } }
    const api = (port: number) => ({ ...state, rpc: { port, rateLimit: { enabled: false }, drainDelayMs: 0 } })
    const sections: Record<Part, Omit<ConfigInput, 'network' | 'l1' | 'database'> & Partial<ConfigInput>> = {
      workflows: {
        ...{ ...state, keys: { sequencer: 'file:sequencer.key', aggregator: 'file:aggregator.key' } },
        ...{ network: { ...network, attesters: [attester.address] } },
        ...{ sequenceSender: { waitMs: 500 }, aggregator: { verifyIntervalMs: 500 } },
      },
      sequencer: { ...state, sequencer: { coinbase: sequencer.address, batchMaxMs: 3000 } },
      synchronizer: state,
      'api-1': api(rpcPorts['api-1']),
      'api-2': api(rpcPorts['api-2']),
      'prover-1': { ...prover, prover: { name: 'one' } },
      'prover-2': { ...prover, prover: { name: 'two' } },
    }
    const configOf = (part: Part) => join(folder, `${part}.json`)
    const start = async (name: Part, known: object) => {
      const common = { network: known, temporal, ops: { port: 0 } }
      writeFileSync(configOf(name), JSON.stringify({ ...common, ...sections[name] }))
      const place = { configFile: configOf(name), folder: join(folder, name), roles: PARTS[name] }
      nodes.push(await startNodeOfFile({ ...place, env: {}, rpcPort: rpcPorts['api-1'] }))
    }
    const startAll = async (parts: readonly Part[], known: object) => {
      const started = await Promise.allSettled(parts.map((name) => start(name, known)))
      for (const result of started) if (result.status === 'rejected') throw result.reason
    }
    const isProver = (name: Part) => PARTS[name] === 'prover'
    await startAll(
      names.filter((name) => !isProver(name)),
      network,
    )
    const { network: complete } = readJson<Pick<ConfigInput, 'network'>>(join(folder, 'workflows', 'node.json'))!
    await startAll(names.filter(isProver), complete) // they have no L1 to read the rest from

    const pidOf = (name: string) => {
      const [running] = readJson<RecordedProcess[]>(join(folder, name, 'processes.json')) ?? []
      if (running === undefined) throw new Error(`No process of ${name} runs`)
      return running.pid
    }
    const rpcUrls = Object.values(rpcPorts).map((port) => `http://127.0.0.1:${port}`)
    return {
      ...{ configOf, stop, pidOf, rpcUrls },
      network: {
        ...{ rpcUrl: rpcUrls[0]!, wsUrl: rpcUrls[0]!.replace('http', 'ws'), l1RpcUrl: anvil.url },
        ...{ temporalAddress: temporal.address, temporalNamespace: temporal.namespace, databaseUrl: database.url },
        ...{ chainId: network.chainId, l1ChainId: 1337, forkId: 9, rollupId: 1, verifier: 'attestation' },
        contracts: complete.contracts as Network['contracts'],
        operations: {},
        accounts: devAccounts(),
      },
      genesis: readJson<GenesisFile>(join(folder, 'workflows', 'genesis.json'))!,
      proverConfig: configOf('prover-1'),
      provers: ['prover-1', 'prover-2'],
      processes: ['sequencer', 'api-1', 'api-2', 'synchronizer', 'workflows', 'prover-2'],
      killAndWait: async (name) => {
        const old = pidOf(name)
        process.kill(old, 'SIGKILL')
        const isReplaced = () => {
          const [running] = readJson<RecordedProcess[]>(join(folder, name, 'processes.json')) ?? []
          return running !== undefined && running.pid !== old
        }
        await until(isReplaced, 60_000)
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
