import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { sql } from 'drizzle-orm'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { encryptKeystore } from '#config/keystore.ts'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { deployL1, type L1Deployment } from '#contracts/deploy.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { MIGRATIONS_SCHEMA, migrate, migrationsFolder, PROOF_STORE, STATE } from '#db/migrate.ts'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { ensureGenesisFile, genesisStateOf, storeGenesis } from '#devnet/genesis.ts'
import { choosePort } from '#devnet/ports.ts'
import { call } from '#devnet/rpc.ts'
import { ensureNamespace, readTemporalSettings } from '#devnet/temporalServer.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { createTestNamespace, type TestTemporal } from '#test/temporal.ts'
import type { Role } from '../run/roles.ts'
import { checkNode } from './checkNode.ts'
import type { Finding } from './finding.ts'

const ROLES = ['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api'] as const
const L2_CHAIN_ID = 1001
const NOBODY = `0x${'11'.repeat(20)}`
const { deployer, sequencer, aggregator, attester } = l1Roles()

let folder: string
let anvil: Anvil
let deployment: L1Deployment
let genesisRoot: Hash
let database: TestDatabase
let temporal: TestTemporal
let ports: { rpc: number; ops: number; grpc: number; others: Record<string, number> }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-check-'))
  anvil = await startAnvil()
  const genesis = await ensureGenesisFile(join(folder, 'genesis.json'), 1_700_000_000, ZERO_HASH)
  genesisRoot = (await genesisStateOf(genesis)).root
  deployment = await deployL1({
    ...{ rpcUrl: anvil.url, deployerKey: deployer.privateKey, forkId: 9, l2ChainId: L2_CHAIN_ID, genesisRoot },
    ...{ sequencerAddress: sequencer.address, aggregatorAddress: aggregator.address, networkName: 'checked' },
    ...{ attesters: [attester.address], threshold: 1, trustedSequencerUrl: 'http://127.0.0.1:8123' },
  })
  database = await createTestDatabase()
  await migrate(database.url)
  const { rollupManager, rollupId } = deployment
  const identity = { chainId: L2_CHAIN_ID, l1ChainId: 1337, rollupManager, rollupId, genesisRoot }
  await storeGenesis(database.url, genesis, identity, 9)
  temporal = await createTestNamespace()
  const others: Record<string, number> = {}
  for (const role of ROLES) if (role !== 'api') others[role] = await choosePort()
  ports = { rpc: await choosePort(), ops: await choosePort(), grpc: await choosePort(), others }
  for (const [name, { privateKey }] of Object.entries({ sequencer, aggregator, attester }))
    writeFileSync(join(folder, `${name}.key`), privateKey)
})
afterAll(async () => {
  await anvil?.stop()
  await database?.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** A file with which the node could start. */
const fileOf = () => {
  const { rollupId, l1StartBlock, bridge: _, verifier: __, ...contracts } = deployment
  return {
    network: {
      ...{
        chainId: L2_CHAIN_ID,
        l1ChainId: 1337,
        rollupId,
        l1StartBlock,
        contracts,
        genesisRoot: genesisRoot as string,
      },
      genesisFile: 'genesis.json',
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
type File = ReturnType<typeof fileOf>

async function check(
  change: (file: File) => unknown = () => {},
  env = {},
  roles: readonly Role[] = ROLES,
): Promise<Finding[]> {
  const path = join(folder, 'zknode.yaml')
  const file = fileOf()
  change(file)
  writeFileSync(path, stringify(file))
  return await checkNode({ path, roles, env })
}

const withStatus = (findings: Finding[], wanted: Finding['status']) =>
  findings.filter(({ status }) => status === wanted).map(({ status: _, ...rest }) => rest)
const faultsOf = async (change: (file: File) => unknown, env = {}) => withStatus(await check(change, env), 'fault')

test('a node that could start has no faults, and is told what is fine', async () => {
  const findings = await check()
  expect(findings.filter(({ status }) => status !== 'fine')).toEqual([])
  expect(new Set(findings.map(({ option }) => option))).toEqual(
    new Set([
      ...['configuration', 'keys.sequencer', 'keys.aggregator', 'keys.attester', 'network.l1ChainId', 'l1.rpcUrl'],
      ...['network.chainId', 'network.forkId', 'network.contracts.rollupManager', 'network.contracts.rollup'],
      ...['network.contracts.globalExitRoot', 'network.contracts.pol', 'network.verifier', 'network.genesisFile'],
      ...['database.url', 'temporal.address', 'temporal.namespace', 'rpc.port', 'aggregator.grpc.port'],
      ...['ops.port', 'ops.ports.workflows', 'ops.ports.sequencer', 'ops.ports.synchronizer', 'ops.ports.prover'],
      'ops.ports.aggregator',
    ]),
  )
})

test('wrong chain id of L1', async () => {
  expect(await faultsOf(({ network }) => Object.assign(network, { l1ChainId: 1338 }))).toContainEqual({
    option: 'network.l1ChainId',
    found: `is 1338, but L1 at 127.0.0.1:${anvil.port} has chain id 1337`,
    remedy: 'Set it to 1337, or name endpoints of chain 1338 in l1.rpcUrls.',
  })
})

test('wrong chain id of L2', async () => {
  expect(await faultsOf(({ network }) => Object.assign(network, { chainId: 1002 }))).toEqual([
    {
      option: 'network.chainId',
      found: 'is 1002, but rollup 1 has chain id 1001 on L1',
      remedy: 'Set it to 1001.',
    },
    {
      option: 'database.url',
      found: 'holds another network: chainId 1001 instead of 1002',
      remedy: 'Name the database of this network, or an empty one.',
    },
  ])
})

test('wrong contract addresses', async () => {
  const { rollup, globalExitRoot, pol } = deployment
  expect(
    await faultsOf(({ network }) => Object.assign(network.contracts, { rollup: pol, globalExitRoot: rollup })),
  ).toEqual([
    {
      option: 'network.contracts.rollup',
      found: `is ${pol}; the rollup manager has ${rollup}`,
      remedy: `Set it to ${rollup}, if network.contracts.rollupManager and network.rollupId are right.`,
    },
    {
      option: 'network.contracts.globalExitRoot',
      found: `is ${rollup}; the rollup manager has ${globalExitRoot}`,
      remedy: `Set it to ${globalExitRoot}, if network.contracts.rollupManager and network.rollupId are right.`,
    },
  ])
  const [fault] = await faultsOf(({ network }) => Object.assign(network.contracts, { rollupManager: pol }))
  expect(fault).toEqual({
    option: 'network.contracts.rollupManager',
    found: `the contract at ${pol} is no rollup manager`,
    remedy: 'Name the address of the rollup manager (PolygonRollupManager) on this L1, or the endpoints of another L1.',
  })
})

test('another number of the rollup', async () => {
  const faults = await faultsOf(({ network }) => Object.assign(network, { rollupId: 2 }))
  expect(faults[0]).toEqual({
    option: 'network.rollupId',
    found: 'is 2, but the rollup manager has 1 rollup',
    remedy: `Set it to 1, which is ${deployment.rollup}.`,
  })
})

test('no contract at an address', async () => {
  const [nothing] = await faultsOf(({ network }) => Object.assign(network.contracts, { rollupManager: NOBODY }))
  expect(nothing).toEqual({
    option: 'network.contracts.rollupManager',
    found: `there is no contract at ${NOBODY}`,
    remedy: 'Name the address of the rollup manager (PolygonRollupManager) on this L1, or the endpoints of another L1.',
  })
  const [fault] = await faultsOf(({ network }) => Object.assign(network.contracts, { pol: NOBODY }))
  expect(fault).toEqual({
    option: 'network.contracts.pol',
    found: `there is no contract at ${NOBODY}; the rollup manager has ${deployment.pol}`,
    remedy: `Set it to ${deployment.pol}, if network.contracts.rollupManager and network.rollupId are right.`,
  })
})

test('L1 that cannot be reached', async () => {
  const place = `127.0.0.1:${await choosePort()}`
  const findings = await check(({ l1 }) => Object.assign(l1, { rpcUrl: `http://${place}` }))
  expect(withStatus(findings, 'fault')).toEqual([
    {
      option: 'l1.rpcUrl',
      found: `${place} does not answer: connect ECONNREFUSED ${place}`,
      remedy: 'Start this L1 node, or name the URL of an endpoint that answers in JSON-RPC.',
    },
  ])
  expect(withStatus(findings, 'skipped')).toEqual([
    { option: 'network.contracts', found: 'not compared, since no L1 endpoint answers' },
  ])
})

test('one of several L1 endpoints that is of another chain', async () => {
  const other = await startAnvil({ chainId: 1338 })
  try {
    const faults = await faultsOf((file) => Object.assign(file, { l1: { rpcUrls: [anvil.url, other.url] } }))
    expect(faults).toEqual([
      {
        option: 'l1.rpcUrls.1',
        found: `127.0.0.1:${other.port} is of chain 1338, the others are of chain 1337`,
        remedy: 'Name an endpoint of chain 1337, or leave it out.',
      },
    ])
  } finally {
    await other.stop()
  }
})

test('wrong password of the database, also where a variable gives it', async () => {
  const url = new URL(database.url)
  url.password = 'wrong'
  const expected = {
    option: 'database.url',
    found: `${url.host}: the server refuses the password of ${url.username}`,
    remedy: 'Correct the password in the URL; psql with the same URL says the same.',
  }
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([expected])
  const faults = await faultsOf(() => {}, { DATABASE_URL: url.href })
  expect(faults).toEqual([{ ...expected, variable: 'DATABASE_URL' }])
})

test('no such database, and no server', async () => {
  const url = new URL(database.url)
  url.pathname = '/nowhere'
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([
    {
      option: 'database.url',
      found: `${url.host}: there is no database nowhere`,
      remedy: `Create it: create database nowhere owner ${url.username};`,
    },
  ])
  url.port = '1'
  expect(await faultsOf((file) => Object.assign(file.database, { url: url.href }))).toEqual([
    {
      option: 'database.url',
      found: '127.0.0.1:1 does not answer as it should: connect ECONNREFUSED 127.0.0.1:1',
      remedy: 'Start this Postgres server, or correct host and port in the URL.',
    },
  ])
})

test('missing search attributes, and a missing namespace', async () => {
  const { ZkAttention: _, ZkForkId: __, ...fewer } = readTemporalSettings().searchAttributes
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address: temporal.address })
  await ensureNamespace(connection, namespace, fewer)
  await connection.close()
  expect(await faultsOf((file) => Object.assign(file, { temporal: { ...temporal, namespace } }))).toEqual([
    {
      option: 'temporal.namespace',
      found: `${namespace} lacks the search attributes ZkAttention, ZkForkId`,
      remedy:
        `temporal operator search-attribute create --namespace ${namespace} ` +
        '--name ZkAttention --type Keyword --name ZkForkId --type Int',
    },
  ])
  expect(await faultsOf((file) => Object.assign(file, { temporal: { ...temporal, namespace: 'nobody' } }))).toEqual([
    {
      option: 'temporal.namespace',
      found: 'there is no namespace nobody',
      remedy:
        '`zknode run` makes it where it may; else: temporal operator namespace create ' +
        `--address ${temporal.address} --namespace nobody --retention 7d`,
    },
  ])
})

test('Temporal that cannot be reached', async () => {
  const [fault] = await faultsOf((file) => Object.assign(file, { temporal: { address: '127.0.0.1:1' } }))
  expect(fault).toMatchObject({
    option: 'temporal.address',
    found: expect.stringMatching(/^127\.0\.0\.1:1 does not answer as it should: ./),
  })
})

async function inOtherDatabase<T>(work: (url: string, db: Database) => Promise<T>): Promise<T> {
  const other = await createTestDatabase()
  const db = connectDatabase(other.url, { maxConnections: 1, name: 'zknode-test' })
  try {
    return await work(other.url, db)
  } finally {
    await db.$client.end({ timeout: 1 })
    await other.drop()
  }
}

/** As an earlier version left the database. Returns the name of the migration that is not applied. */
async function migrateButLast(db: Database): Promise<string> {
  const older = join(folder, 'migrations')
  cpSync(migrationsFolder(STATE), older, { recursive: true })
  const path = join(older, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] }
  const last = journal.entries.pop()!.tag
  writeFileSync(path, JSON.stringify(journal))
  const places = [
    { ...PROOF_STORE, migrationsFolder: migrationsFolder(PROOF_STORE) },
    { ...STATE, migrationsFolder: older },
  ]
  for (const place of places) await applyMigrations(db, { ...place, migrationsSchema: MIGRATIONS_SCHEMA })
  return last
}

test('a schema that is old, newer than this program, or not there yet', async () => {
  await inOtherDatabase(async (url, db) => {
    const findings = await check((file) => Object.assign(file.database, { url }))
    expect(withStatus(findings, 'fault')).toEqual([])
    expect(withStatus(findings, 'warning')).toEqual([
      {
        option: 'database.url',
        found: 'has no schema yet',
        remedy: 'Nothing to do: `zknode run` makes it, `zknode db migrate` too.',
      },
    ])

    const last = await migrateButLast(db)
    expect(await faultsOf((file) => Object.assign(file.database, { url }))).toEqual([
      {
        option: 'database.url',
        found: `its schema is old: without ${last}`,
        remedy: 'Stop the node, back the database up, and run `zknode db migrate`.',
      },
    ])
  })
  await inOtherDatabase(async (url, db) => {
    await migrate(url)
    await db.execute(sql`insert into zknode.migrations (hash, created_at) values ('later', 9999999999999)`)
    expect(await faultsOf((file) => Object.assign(file.database, { url }))).toEqual([
      {
        option: 'database.url',
        found: 'its schema is newer than this version of zkNode: 1 unknown migration',
        remedy: 'Use the version of zkNode that brought it there, or a newer one.',
      },
    ])
  })
})

/** As L1 stands in the meantime. */
async function withL1Changed<T>(change: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const snapshot = await call(anvil.url, 'evm_snapshot')
  try {
    await change()
    return await work()
  } finally {
    await call(anvil.url, 'evm_revert', [snapshot])
  }
}

test('accounts that are empty on L1', async () => {
  const empty = ({ address }: { address: string }) => call(anvil.url, 'anvil_setBalance', [address, '0x0'])
  const faults = await withL1Changed(
    () => Promise.all([empty(sequencer), empty(aggregator)]),
    () => faultsOf(() => {}),
  )
  expect(faults).toEqual(
    [sequencer, aggregator].map(({ address }, index) => ({
      option: ['keys.sequencer', 'keys.aggregator'][index],
      found: `its account ${address} has no ether on L1`,
      remedy: `Send ether to ${address} on chain 1337.`,
    })),
  )
  const poor = () => call(anvil.url, 'anvil_setBalance', [sequencer.address, `0x${(10n ** 16n).toString(16)}`])
  const findings = await withL1Changed(poor, () => check())
  expect(withStatus(findings, 'warning')).toEqual([
    {
      option: 'keys.sequencer',
      found: `its account ${sequencer.address} has 0.01 ether, less than l1.lowBalanceWei`,
      remedy: `Send ether to ${sequencer.address} on chain 1337.`,
    },
  ])
})

test('a password that does not open a keystore: the account is checked all the same', async () => {
  const { address, privateKey } = devAccounts()[5]!
  const cheap = { N: 2, r: 1, p: 1 }
  writeFileSync(join(folder, 'stranger.json'), await encryptKeystore(privateKey, 'right', cheap))
  writeFileSync(join(folder, 'password'), 'wrong')
  const keystore = join(folder, 'stranger.json')
  const keys = { sequencer: 'keystore:stranger.json', passwordFile: 'password' }
  expect(await faultsOf((file) => Object.assign(file.keys, keys))).toEqual([
    {
      option: 'keys.sequencer',
      found: `the password of ${join(folder, 'password')} does not open keystore:${keystore}.`,
      remedy: `Put the password of ${keystore} into the file of keys.passwordFile, or into ZKNODE_KEYSTORE_PASSWORD.`,
    },
    {
      option: 'keys.sequencer',
      found: `is the key of ${address}, but the rollup's trusted sequencer is ${sequencer.address}`,
      remedy: `Use the key of ${sequencer.address}, or have the rollup's admin call setTrustedSequencer.`,
    },
  ])
  writeFileSync(join(folder, 'password'), 'right\n')
  expect(await faultsOf((file) => Object.assign(file.keys, keys))).toHaveLength(1)
})

test('a remote signer that does not answer', async () => {
  const port = await choosePort()
  const faults = await faultsOf((file) => {
    Object.assign(file.keys, { sequencer: `signer:${sequencer.address}` })
    Object.assign(file, { signer: { url: `http://127.0.0.1:${port}` } })
  })
  expect(faults).toEqual([
    {
      option: 'signer.url',
      found: `The remote signer cannot be reached. method=eth_accounts signer=127.0.0.1:${port} reason=ECONNREFUSED`,
      remedy: 'Start the remote signer, or correct its URL and tls.',
    },
  ])
})

test('keys of accounts that may not do what they have to', async () => {
  const { address, privateKey } = devAccounts()[5]!
  writeFileSync(join(folder, 'stranger.key'), privateKey)
  const stranger = 'file:stranger.key'
  expect(await faultsOf(({ keys }) => Object.assign(keys, { sequencer: stranger, aggregator: stranger }))).toEqual([
    {
      option: 'keys.sequencer',
      found: `is the key of ${address}, but the rollup's trusted sequencer is ${sequencer.address}`,
      remedy: `Use the key of ${sequencer.address}, or have the rollup's admin call setTrustedSequencer.`,
    },
    {
      option: 'keys.aggregator',
      found: `its account ${address} does not have the role of trusted aggregator`,
      remedy: "Use the key of one that has it, or have the rollup manager's admin call grantRole.",
    },
  ])
})

test('an attester that the verifier does not count, and an aggregator that does not send', async () => {
  const { address, privateKey } = devAccounts()[5]!
  writeFileSync(join(folder, 'stranger.key'), privateKey)
  const faults = await faultsOf(({ keys, aggregator }) => {
    Object.assign(keys, { attester: 'file:stranger.key' })
    Object.assign(aggregator, { address })
  })
  expect(faults).toEqual([
    {
      option: 'aggregator.address',
      found: `is ${address}, but keys.aggregator is the key of ${aggregator.address}, which sends the verifications`,
      remedy: 'Leave it out where keys.aggregator is set.',
    },
    {
      option: 'keys.attester',
      found: `is the key of ${address}, whose attestations the verifier does not count`,
      remedy: `Use the key of ${attester.address}, or have the verifier's owner call setAttesters.`,
    },
  ])
})

test('an emergency on L1', async () => {
  const provider = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  const admin = new Wallet(deployer.privateKey, provider)
  const manager = new Contract(deployment.rollupManager, [...rollupManagerAbi], admin)
  const stop = async () => (await manager.getFunction('activateEmergencyState').send()).wait()
  try {
    expect(withStatus(await withL1Changed(stop, () => check()), 'warning')).toEqual([
      {
        option: 'network.contracts.rollupManager',
        found: 'is in its emergency state: nothing is sequenced and verified',
        remedy: 'Wait until its administrators end that.',
      },
    ])
  } finally {
    provider.destroy()
  }
})

/** Something that listens on a port of this machine. */
async function occupy(port: number, answer: (request: IncomingMessage) => object): Promise<Server> {
  const server = createServer((request, response) => response.end(JSON.stringify(answer(request))))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('busy ports, of others and of a node that runs, and one that is named twice', async () => {
  const stranger = await occupy(ports.ops, () => ({}))
  const node = await occupy(ports.rpc, ({ url }) => (url === '/' ? [{ result: 'zkNode/v1' }, { result: '0x3e9' }] : {}))
  const other = await occupy(ports.others['sequencer']!, () => ({ version: '1', chainId: 1002 }))
  try {
    expect(withStatus(await check(), 'warning')).toEqual([
      {
        option: 'rpc.port',
        found: `127.0.0.1:${ports.rpc} is taken by a zkNode of chain 1001 that runs`,
        remedy: 'Nothing to do when it is this one; else stop it, or choose another port.',
      },
    ])
    expect(
      await faultsOf(({ aggregator }) => Object.assign(aggregator.grpc, { port: ports.others['prover'] })),
    ).toEqual([
      {
        option: 'ops.ports.sequencer',
        found: `127.0.0.1:${ports.others['sequencer']} is taken by a zkNode of chain 1002 that runs`,
        remedy: 'Stop it, or choose another port.',
      },
      {
        option: 'ops.ports.prover',
        found: `is ${ports.others['prover']}, as aggregator.grpc.port is`,
        remedy: 'Choose another port for one of them.',
      },
      {
        option: 'ops.port',
        found: `127.0.0.1:${ports.ops} is taken by another process`,
        remedy: 'Stop that process, or choose another port.',
      },
    ])
  } finally {
    for (const server of [stranger, node, other]) server.close()
  }
})

test('an unknown option', async () => {
  expect(await faultsOf((file) => Object.assign(file.network, { chainID: 1 }))).toEqual([
    {
      option: 'network.chainID',
      found: 'unknown option; did you mean network.chainId?',
      remedy: 'Correct the file: docs/configuration.md has every option.',
    },
  ])
})

test('a genesis that leads to another root than L1 has', async () => {
  writeFileSync(join(folder, 'other.json'), JSON.stringify({ accounts: [{ address: NOBODY, balance: '1' }] }))
  const faults = await faultsOf(({ network }) => Object.assign(network, { genesisFile: 'other.json' }))
  expect(faults).toEqual([
    {
      option: 'network.genesisFile',
      found: expect.stringMatching(new RegExp(`^leads to the root 0x[0-9a-f]{64}, but L1 has ${genesisRoot}$`)),
      remedy: 'Take the genesis file of this network.',
    },
  ])
  const root = `0x${'22'.repeat(32)}`
  expect((await faultsOf(({ network }) => Object.assign(network, { genesisRoot: root })))[0]).toEqual({
    option: 'network.genesisRoot',
    found: `is ${root}, but L1 has ${genesisRoot}`,
    remedy: `Set it to ${genesisRoot}, or leave it out.`,
  })
})

test('only what the roles need is asked', async () => {
  const withoutRest = (file: Partial<File>) => {
    Object.assign(file, { proofStore: { url: database.url }, keys: { attester: 'file:attester.key' } })
    for (const section of ['l1', 'database', 'aggregator'] as const) delete file[section]
  }
  const options = async (change: (file: File) => unknown, role: Role) =>
    (await check(change, {}, [role])).map(({ option, status }) => `${status} ${option}`)
  expect(await options(withoutRest, 'prover')).toEqual([
    ...['fine configuration', 'fine keys.attester', 'fine proofStore.url', 'fine proofStore.url'],
    ...['fine temporal.address', 'fine temporal.namespace', 'fine ops.ports.prover'],
  ])
  expect(await options(({ l1 }) => Object.assign(l1, { rpcUrl: 'http://127.0.0.1:1' }), 'api')).toEqual([
    ...['fine configuration', 'fine database.url', 'fine database.url', 'fine database.url'],
    ...['fine temporal.address', 'fine temporal.namespace', 'fine rpc.port', 'fine ops.port'],
  ])
})

test('a node that trusts a sequencer of another chain, or of none', async () => {
  const sequencerOf = async (rpcUrl: string | undefined) => {
    const follow = (file: File) => Object.assign(file, { role: 'trusting', trustedSequencer: { rpcUrl } })
    return withStatus(await check(follow, {}, ['follower', 'api']), 'fault')
  }
  const option = 'trustedSequencer.rpcUrl'
  expect(await sequencerOf(anvil.url)).toEqual([
    {
      option,
      found: `127.0.0.1:${anvil.port} is of chain 1337, not of 1001`,
      remedy: "Name the JSON-RPC of this rollup's sequencer.",
    },
  ])
  const nobody = `127.0.0.1:${await choosePort()}`
  expect(await sequencerOf(`http://${nobody}`)).toEqual([
    {
      option,
      found: `${nobody} does not answer: connect ECONNREFUSED ${nobody}`,
      remedy: 'Start that node, or correct the URL.',
    },
  ])
  expect(await sequencerOf(undefined)).toMatchObject([{ option, found: 'is not set, but a trusting node needs it' }])
})

test('many faults at once: none hides another', async () => {
  const url = new URL(database.url)
  url.password = 'wrong'
  const faults = await faultsOf((file) => {
    Object.assign(file.network, { chainID: 1, chainId: 1002, l1ChainId: 1338, genesisFile: 'nowhere.json' })
    Object.assign(file.network.contracts, { pol: NOBODY, rollup: 'nothing' })
    Object.assign(file.database, { url: url.href })
    Object.assign(file.temporal, { namespace: 'nobody' })
    Object.assign(file.keys, { sequencer: 'env:ZKNODE_TEST_NO_SUCH_KEY' })
    Object.assign(file.rpc, { port: file.aggregator.grpc.port })
  })
  expect(faults.map(({ option }) => option).sort()).toEqual([
    ...[
      'aggregator.grpc.port',
      'database.url',
      'keys.sequencer',
      'network.chainID',
      'network.chainId',
      'network.contracts.pol',
    ],
    ...['network.contracts.rollup', 'network.genesisFile', 'network.l1ChainId', 'temporal.namespace'],
  ])
})
