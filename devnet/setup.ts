import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToHex } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import type { ConfigInput, ProverConfigInput } from '#config/schema.ts'
import { approvePol, deployL1, type L1Deployment } from '#contracts/deploy.ts'
import { migrate } from '#db/migrate.ts'
import type { GenesisState } from '#executor/genesis.ts'
import { type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { attesterAccounts, type DevAccount, faucetAccount, l1Roles } from './accounts.ts'
import { readJson, writeJson } from './dataFolder.ts'
import { ensureGenesisFile, type GenesisFile, genesisStateOf, storeGenesis } from './genesis.ts'
import type { Attesters, DevnetVerifier, SecondNodeKind } from './options.ts'
import { withOptionsOf } from './ownOptions.ts'
import type { Progress } from './progress.ts'
import { call } from './rpc.ts'

/** The L1 does not hold the contracts of the chain in the data directory. */
export class ContractsMissingError extends NodeError {
  override readonly name = 'ContractsMissingError'
}

/** The chain in the data directory has another verifier than was asked for. */
export class VerifierDiffersError extends NodeError {
  override readonly name = 'VerifierDiffersError'
}

const OWN_L1_POLL_MS = 250

export const L2_CHAIN_ID = 1001
export const FORK_ID = 9

/** `chain.json`: written when the setup is complete, never changed. */
export type Chain = {
  l1ChainId: number
  genesisRoot: Hash
  verifier: DevnetVerifier
  attesters: Attesters
  deployment: L1Deployment
}

const ONE_ATTESTER: Attesters = { count: 1, required: 1 }

const chainFile = (folder: string) => join(folder, 'chain.json')

/** The chain that the folder holds; undefined when its setup was never completed. */
export function findChain(folder: string): Chain | undefined {
  const chain = readJson<Omit<Chain, 'verifier' | 'attesters'> & Partial<Chain>>(chainFile(folder))
  return chain && { verifier: 'attestation', attesters: ONE_ATTESTER, ...chain } // earlier launchers knew no other
}

/** @throws {VerifierDiffersError} */
export function assertVerifier({ verifier: has }: Chain, wanted: DevnetVerifier | undefined): void {
  if (wanted === undefined || wanted === has) return
  throw new VerifierDiffersError(
    `The chain in the data directory has a verifier of kind ${has}, which cannot become ${wanted}: start a new chain with --reset, or leave --verifier out.`,
  )
}

/** @throws {VerifierDiffersError} */
export function assertAttesters({ attesters: has }: Chain, wanted: Attesters | undefined): void {
  if (wanted === undefined || (wanted.count === has.count && wanted.required === has.required)) return
  throw new VerifierDiffersError(
    `The verifier of the chain in the data directory asks for ${has.required} of ${has.count} attesters: start a new chain with --reset, or leave --attesters out.`,
  )
}

export type SetupPlaces = {
  folder: string
  databaseUrl: string
  l1RpcUrl: string
  rpcUrl: string
  isOwnL1: boolean
  /** In the state of a new chain. */
  extraAccounts: number
  /** Of a new chain. */
  verifier: DevnetVerifier
  attesters?: Attesters | undefined
}

/** Contracts on L1 once, migrations and genesis: safe to repeat on what is there. @throws {ContractsMissingError} */
export async function setUpChain(places: SetupPlaces, { step }: Progress): Promise<Chain> {
  const { folder, databaseUrl, l1RpcUrl } = places
  const genesisPath = join(folder, 'genesis.json')
  let chain = findChain(folder)
  let state: GenesisState | undefined
  const migrated = step('Database schema', () => migrate(databaseUrl, process.env['PROOF_STORE_URL'] || databaseUrl))
  try {
    if (chain === undefined) {
      const deployed = await step('L1 contracts', () => deployChain(places, genesisPath, migrated))
      chain = deployed.chain
      state = deployed.state
    } else await assertContractsThere(chain, l1RpcUrl)
  } finally {
    await migrated
  }
  const { deployment, l1ChainId, genesisRoot } = chain
  const genesis = readJson<GenesisFile>(genesisPath)!
  const { rollupManager, rollupId } = deployment
  const identity = { chainId: L2_CHAIN_ID, l1ChainId, rollupManager, rollupId, genesisRoot }
  await step('L2 genesis', () => storeGenesis(databaseUrl, genesis, identity, FORK_ID, state))
  writeJson(chainFile(folder), chain)
  return chain
}

async function deployChain(
  { l1RpcUrl, rpcUrl, isOwnL1, extraAccounts, verifier, attesters = ONE_ATTESTER }: SetupPlaces,
  genesisPath: string,
  migrated: Promise<void>,
): Promise<{ chain: Chain; state: GenesisState }> {
  const { deployer, sequencer, aggregator } = l1Roles()
  // On an L1 of somebody else an earlier network's bridge may be there: another salt, another address.
  const bridgeSalt = isOwnL1 ? ZERO_HASH : (bytesToHex(randomBytes(32)) as Hash)
  const latest = await call<{ timestamp: Hex }>(l1RpcUrl, 'eth_getBlockByNumber', ['latest', false])
  const genesis = await ensureGenesisFile(genesisPath, Number(latest.timestamp), bridgeSalt, extraAccounts)
  await migrated // a large state keeps this process from answering Postgres
  const state = await genesisStateOf(genesis)
  const deployment = await deployL1({
    rpcUrl: l1RpcUrl,
    deployerKey: deployer.privateKey,
    sequencerAddress: sequencer.address,
    aggregatorAddress: aggregator.address,
    attesters: attesterAccounts(attesters.count).map(({ address }) => address),
    threshold: attesters.required,
    verifier,
    genesisRoot: state.root,
    forkId: FORK_ID,
    l2ChainId: L2_CHAIN_ID,
    trustedSequencerUrl: rpcUrl,
    networkName: 'zknode-local',
    bridgeSalt,
  })
  const { pol, rollup: spender } = deployment
  await approvePol({ rpcUrl: l1RpcUrl, ownerKey: sequencer.privateKey, pol, spender })
  const l1ChainId = Number(await call<Hex>(l1RpcUrl, 'eth_chainId'))
  return { chain: { l1ChainId, genesisRoot: state.root, verifier, attesters, deployment }, state }
}

async function assertContractsThere({ deployment }: Chain, l1RpcUrl: string): Promise<void> {
  const code = await call<Hex>(l1RpcUrl, 'eth_getCode', [deployment.rollupManager, 'latest'])
  if (code === '0x')
    throw new ContractsMissingError(
      'This L1 does not hold the contracts of the chain in the data directory: start a new chain with --reset, or use the L1 it was made on.',
      { facts: { l1RpcUrl, rollupManager: deployment.rollupManager } },
    )
}

export type ConfigPlaces = SetupPlaces & {
  rpcPort: number
  ops: ConfigInput['ops']
  /** Of prover-2 and so on. */
  proverOpsPorts?: readonly number[]
  temporalAddress: string
  temporalNamespace: string
  temporalUiUrl: string | undefined
  /** Where remote provers dial in. */
  proversPort?: number | undefined
}

/** One person is the only caller: no limits of rate, everything that helps with debugging, and a quick end. */
const localRpc = (port: number): ConfigInput['rpc'] => ({
  port,
  ...{ rateLimit: { enabled: false }, drainDelayMs: 0 },
  namespaces: ['eth', 'net', 'web3', 'txpool', 'zkevm', 'debug', 'trace', 'ots', 'dev'],
})

/** Provers on this machine are quick: those that fail get another chance soon. */
const localGrpc = (port: number) => ({
  ...{ enabled: true, port, pollIntervalMs: 1000, statusIntervalMs: 1000 },
  ...{ asideMs: 5000, asideMaxMs: 60_000 },
})

/** Writes node-2.json, the configuration of a second node that knows the chain and no keys. Returns its path. */
export function writeSecondNodeConfig(
  chain: Chain,
  places: Omit<ConfigPlaces, 'isOwnL1' | 'extraAccounts' | 'verifier' | 'rpcUrl'> & {
    kind: SecondNodeKind
    sequencerUrl: string
  },
): string {
  const { folder, temporalAddress: address, temporalNamespace: namespace, temporalUiUrl: uiUrl } = places
  const config: ConfigInput = {
    role: places.kind,
    trustedSequencer: { rpcUrl: places.sequencerUrl },
    network: networkConfig(chain),
    database: { url: places.databaseUrl },
    l1: { rpcUrl: places.l1RpcUrl },
    temporal: { address, namespace, ...(uiUrl === undefined ? {} : { uiUrl }) },
    rpc: localRpc(places.rpcPort),
    ops: places.ops,
  }
  const path = join(folder, 'node-2.json')
  writeJson(path, config)
  return path
}

function networkConfig({ deployment, attesters, ...chain }: Chain): ConfigInput['network'] {
  const { rollupId, l1StartBlock, ...contracts } = deployment
  return {
    ...{ name: 'zknode-local', chainId: L2_CHAIN_ID, forkId: FORK_ID, ...chain, rollupId, contracts, l1StartBlock },
    attesters: attesterAccounts(attesters.count).map(({ address }) => address),
    ...{ attestersRequired: attesters.required, genesisFile: 'genesis.json' },
  }
}

/** Gives the reference to the file that it wrote a key to. */
function keyWriter(folder: string) {
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  return (name: string, { privateKey }: DevAccount) => {
    const path = join(folder, 'keys', name)
    writeFileSync(path, `${privateKey}\n`, { mode: 0o600 })
    chmodSync(path, 0o600)
    return `file:${path}`
  }
}

/** Writes prover-2.json and so on: of attesters beside the node's own. Returns their paths. */
export function writeProverConfigs(chain: Chain, places: ConfigPlaces): string[] {
  const { folder, databaseUrl, temporalAddress: address, temporalNamespace: namespace } = places
  const writeKey = keyWriter(folder)
  const others = attesterAccounts(chain.attesters.count).slice(1)
  return others.map((attester, index) => {
    const name = `prover-${index + 2}`
    const opsPort = places.proverOpsPorts?.[index]
    const config: ProverConfigInput = {
      network: networkConfig(chain),
      proofStore: { url: process.env['PROOF_STORE_URL'] || databaseUrl },
      temporal: { address, namespace },
      keys: { attester: writeKey(`attester-${index + 2}`, attester) },
      prover: { name },
      ...(opsPort !== undefined && { ops: { ports: { prover: opsPort } } }),
    }
    const path = join(folder, `${name}.json`)
    writeJson(path, config)
    return path
  })
}

/**
 * Writes node.json, the configuration of all processes of the node, and the files of the keys. Returns its path.
 * @param ownOptions file with options that win over ours
 */
export function writeNodeConfig(chain: Chain, places: ConfigPlaces, ownOptions?: string): string {
  const { folder, temporalUiUrl } = places
  const { deployer: _deployer, ...roles } = l1Roles()
  const writeKey = keyWriter(folder)
  const keys = Object.fromEntries(Object.entries(roles).map(([role, account]) => [role, writeKey(role, account)]))
  const config: ConfigInput = {
    network: networkConfig(chain),
    database: { url: places.databaseUrl },
    // A local L1 costs nothing to ask: half a second less until each of its blocks is seen.
    l1: { rpcUrl: places.l1RpcUrl, ...(places.isOwnL1 && { pollIntervalMs: OWN_L1_POLL_MS }) },
    temporal: {
      ...{ address: places.temporalAddress, namespace: places.temporalNamespace },
      ...(temporalUiUrl === undefined ? {} : { uiUrl: temporalUiUrl }),
    },
    keys,
    // One person waits for every step: short waits, and room for a burst of transactions.
    sequencer: {
      ...{ coinbase: roles.sequencer.address, batchMaxMs: 4000 },
      ...{ forcedBatchConfirmations: 2, forcedBatchDeadlineMs: 5000 },
    },
    sequenceSender: { waitMs: 500 },
    aggregator: { verifyIntervalMs: 500, ...(places.proversPort && { grpc: localGrpc(places.proversPort) }) },
    pool: { accountQueue: 5000, globalQueue: 100_000 },
    rpc: localRpc(places.rpcPort),
    dev: { movesL1Clock: places.isOwnL1, faucetKey: writeKey('faucet', faucetAccount()) },
    ops: places.ops,
  }
  const path = join(folder, 'node.json')
  writeJson(path, ownOptions === undefined ? config : withOptionsOf(config, ownOptions))
  return path
}
