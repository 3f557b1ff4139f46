import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { deployL1, type L1Deployment } from '#contracts/deploy.ts'
import { migrate } from '#db/migrate.ts'
import { l1Roles } from '#devnet/accounts.ts'
import { ensureGenesisFile, genesisStateOf, storeGenesis } from '#devnet/genesis.ts'
import { choosePort } from '#devnet/ports.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { createTestNamespace, type TestTemporal } from '#test/temporal.ts'
import type { Role } from '../run/roles.ts'
import { checkNode } from './checkNode.ts'
import type { Finding } from './finding.ts'

const ROLES = ['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api'] as const
const [L1_CHAIN_ID, L2_CHAIN_ID] = [1337, 1001]
/** Where there is nothing. */
export const NOBODY = `0x${'11'.repeat(20)}`

/** Everything that a node needs, and the file with which it could start. */
export type CheckedNode = {
  folder: string
  anvil: Anvil
  deployment: L1Deployment
  genesisRoot: Hash
  database: TestDatabase
  temporal: TestTemporal
  ports: { rpc: number; ops: number; grpc: number; others: Record<string, number> }
  /** Checks with a file that was changed. */
  check(change?: (file: File) => unknown, env?: NodeJS.ProcessEnv, roles?: readonly Role[]): Promise<Finding[]>
  faultsOf(change: (file: File) => unknown, env?: NodeJS.ProcessEnv): Promise<Omit<Finding, 'status'>[]>
  close(): Promise<void>
}

export async function createCheckedNode(): Promise<CheckedNode> {
  const { deployer, sequencer, aggregator, attester } = l1Roles()
  const folder = mkdtempSync(join(tmpdir(), 'zknode-check-'))
  const anvil = await startAnvil()
  const genesis = await ensureGenesisFile(join(folder, 'genesis.json'), 1_700_000_000, ZERO_HASH)
  const { root: genesisRoot } = await genesisStateOf(genesis)
  const deployment = await deployL1({
    ...{ rpcUrl: anvil.url, deployerKey: deployer.privateKey, forkId: 9, l2ChainId: L2_CHAIN_ID, genesisRoot },
    ...{ sequencerAddress: sequencer.address, aggregatorAddress: aggregator.address, networkName: 'checked' },
    ...{ attesters: [attester.address], threshold: 1, trustedSequencerUrl: 'http://127.0.0.1:8123' },
  })
  const database = await createTestDatabase()
  await migrate(database.url)
  const { rollupManager, rollupId } = deployment
  const identity = { chainId: L2_CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupManager, rollupId, genesisRoot }
  await storeGenesis(database.url, genesis, identity, 9)
  const temporal = await createTestNamespace()
  const others: Record<string, number> = {}
  for (const role of ROLES) if (role !== 'api') others[role] = await choosePort()
  const ports = { rpc: await choosePort(), ops: await choosePort(), grpc: await choosePort(), others }
  for (const [name, { privateKey }] of Object.entries({ sequencer, aggregator, attester }))
    writeFileSync(join(folder, `${name}.key`), privateKey)
  const parts = { folder, anvil, deployment, genesisRoot, database, temporal, ports }
  const check: CheckedNode['check'] = async (change = () => {}, env = {}, roles = ROLES) => {
    const path = join(folder, 'zknode.yaml')
    const file = fileOf(parts)
    change(file)
    writeFileSync(path, stringify(file))
    return await checkNode({ path, roles, env })
  }
  return {
    ...{ ...parts, check },
    faultsOf: async (change, env) => withStatus(await check(change, env), 'fault'),
    async close() {
      await anvil.stop()
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type File = ReturnType<typeof fileOf>

type Parts = Pick<CheckedNode, 'deployment' | 'genesisRoot' | 'anvil' | 'database' | 'temporal' | 'ports'>

function fileOf({ deployment, genesisRoot, anvil, database, temporal, ports }: Parts) {
  const { rollupId, l1StartBlock, bridge: _, verifier: __, ...contracts } = deployment
  return {
    network: {
      ...{ chainId: L2_CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupId, l1StartBlock, contracts },
      ...{ genesisFile: 'genesis.json', genesisRoot: genesisRoot as string },
    },
    l1: { rpcUrl: anvil.url },
    database: { url: database.url },
    temporal,
    keys: { sequencer: 'file:sequencer.key', aggregator: 'file:aggregator.key', attester: 'file:attester.key' },
    rpc: { port: ports.rpc },
    ops: { port: ports.ops, ports: ports.others },
    aggregator: { grpc: { enabled: true, port: ports.grpc } },
  }
}

/** Findings of a status, without it. */
export const withStatus = (findings: readonly Finding[], wanted: Finding['status']): Omit<Finding, 'status'>[] =>
  findings.filter(({ status }) => status === wanted).map(({ status: _, ...rest }) => rest)
