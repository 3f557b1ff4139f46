import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Contract, JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { choosePort } from '#devnet/ports.ts'
import { createDatabase } from '#devnet/postgresServer.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { until } from '#test/network.ts'
import { type NodeOfFile, startNodeOfFile, verifyBatches } from '#test/nodeOfFile.ts'

const BATCHES = 20
const OTHER = `0x${'11'.repeat(20)}`
type Change = { contracts?: object; [option: string]: unknown }
const { sequencer, aggregator, attester } = l1Roles()
const env = {
  ZKNODE_SEQUENCER_KEY: sequencer.privateKey,
  ZKNODE_AGGREGATOR_KEY: aggregator.privateKey,
  ZKNODE_ATTESTER_KEY: attester.privateKey,
}

let folder: string
let anvil: Anvil
let rpcPort: number
let node: NodeOfFile

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-file-'))
  anvil = await startAnvil({ blockTimeSeconds: 1 })
  rpcPort = await choosePort()
  const options = {
    ...{ sequencer: { batchMaxTransactions: 1 }, sequenceSender: { waitMs: 500 }, rpc: { port: rpcPort } },
    ...{ aggregator: { verifyIntervalMs: 500 }, ops: { port: 0 } },
  }
  const args = ['--import', 'tsx', 'test/deployNetwork.ts', '--l1', anvil.url, '--out', folder]
  await promisify(execFile)(process.execPath, [...args, '--node', JSON.stringify(options)])
  const configFile = join(folder, 'zknode.json')
  node = await startNodeOfFile({ configFile, folder: join(folder, 'node'), rpcPort, env })
})
afterAll(async () => {
  await node?.stop()
  await anvil?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a node that knows its configuration file alone sequences and verifies batches on contracts of somebody else', async () => {
  const { privateKey } = devAccounts()[5]!
  const run = await verifyBatches(node, { batches: BATCHES, privateKey, timeoutMs: 120_000 })
  expect(run.toBatch).toBeGreaterThan(BATCHES)
  expect(run.equalRoots).toBe(run.verifications)
  process.stdout.write(`${JSON.stringify(run)}\n`)
})

test('an upgrade of the rollup to another fork, with batches on their way, holds nothing up', async () => {
  const { rollupId, contracts } = node.config.network
  const { rollup, rollupManager } = contracts
  const l1 = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  const signer = new NonceManager(new Wallet(l1Roles().deployer.privateKey, l1))
  const manager = new Contract(rollupManager, [...rollupManagerAbi], signer)
  const send = async (method: string, ...args: unknown[]) => (await manager.getFunction(method).send(...args)).wait()
  const [implementation, verifier] = await manager.getFunction('rollupTypeMap')(1)
  await send('addNewRollupType', implementation, verifier, 12, 0, `0x${'00'.repeat(32)}`, 'fork 12')
  const batches = verifyBatches(node, { batches: 8, privateKey: devAccounts()[6]!.privateKey, timeoutMs: 120_000 })
  await send('updateRollup', rollup, 2, '0x')
  const run = await batches
  expect(run.equalRoots).toBeGreaterThan(0)
  const { lastVerifiedBatchBeforeUpgrade } = await manager.getFunction('rollupIDToRollupData')(rollupId)
  expect(run.toBatch).toBeGreaterThan(Number(lastVerifiedBatchBeforeUpgrade))
  expect(await call(node.rpcUrl, 'zkevm_getForkId')).toBe('0xc')
  l1.destroy()
})

test('a node that follows, its processes started one by one, on a Postgres and a Temporal of somebody else', async () => {
  const { database, temporal } = JSON.parse(readFileSync(join(folder, 'node', 'node.json'), 'utf8'))
  const url = new URL(await createDatabase(database.url, 'follower'))
  const { network } = JSON.parse(readFileSync(join(folder, 'zknode.json'), 'utf8'))
  const ports = [await choosePort(), await choosePort()]
  const configFile = join(folder, 'follower.json')
  const config = {
    ...{ role: 'permissionless', network, l1: { rpcUrl: anvil.url }, database: { url: 'env:FOLLOWER_DATABASE' } },
    ...{ temporal: { address: temporal.address, namespace: 'follower' }, rpc: { port: ports[0] } },
    ops: { port: 0, ports: { api: ports[1] } },
  }
  writeFileSync(configFile, JSON.stringify(config))
  const start = (roles: string) =>
    startNodeOfFile({
      ...{ configFile, folder: join(folder, roles), rpcPort: ports[0]!, roles },
      env: { FOLLOWER_DATABASE: url.href },
    })
  const follower = await start('follower')
  const api = await start('api')
  try {
    expect([follower.output(), api.output()].map((text) => /Ready: .*/.exec(text)?.[0])).toEqual([
      ...['Ready: follower', `Ready: api at ${api.rpcUrl}`],
    ])
    const verified = await call<Hex>(node.rpcUrl, 'zkevm_verifiedBatchNumber')
    await until(async () => Number(await call(api.rpcUrl, 'zkevm_verifiedBatchNumber')) >= Number(verified), 60_000)
    const [ours, theirs] = await Promise.all(
      [api, node].map(({ rpcUrl }) => call<{ stateRoot: Hex }>(rpcUrl, 'zkevm_getBatchByNumber', [verified, false])),
    )
    expect(ours!.stateRoot).toBe(theirs!.stateRoot)
    for (const role of ['follower', 'api'])
      expect(readFileSync(join(folder, role, 'node.json'), 'utf8')).not.toContain(url.password)
  } finally {
    await follower.stop()
    await api.stop()
  }
})

test('no key stands in what it writes', () => {
  const written = readFileSync(join(folder, 'node', 'node.json'), 'utf8')
  for (const key of Object.values(env)) expect(written).not.toContain(key)
})

test.each([
  ['L2 chain id', { chainId: 1002 }, 'network.chainId: is 1002, but rollup 1 has chain id 1001 on L1'],
  ['L1 chain id', { l1ChainId: 1 }, 'network.l1ChainId: is 1, but L1'],
  [
    'rollup',
    { contracts: { rollup: OTHER } },
    `network.contracts.rollup: there is no contract at ${OTHER}; the rollup manager has 0x`,
  ],
  [
    'verifier',
    { contracts: { verifier: OTHER } },
    `network.contracts.verifier: there is no contract at ${OTHER}; the rollup manager has 0x`,
  ],
  ['genesis', { genesisFile: 'other.json' }, 'network.genesisFile: leads to the root 0x'],
  [
    'genesis root',
    { genesisRoot: `0x${'11'.repeat(32)}` },
    `network.genesisRoot: is 0x${'11'.repeat(32)}, but L1 has 0x`,
  ],
])('refuses to start with another %s', async (name, { contracts, ...change }: Change, message) => {
  const { network, ...sections } = JSON.parse(readFileSync(join(folder, 'zknode.json'), 'utf8'))
  const changed = { ...network, ...change, contracts: { ...network.contracts, ...contracts } }
  const configFile = join(folder, `other-${name.replaceAll(' ', '-')}.json`)
  writeFileSync(configFile, JSON.stringify({ network: changed, ...sections }))
  writeFileSync(join(folder, 'other.json'), JSON.stringify({ accounts: [] }))
  const start = startNodeOfFile({ configFile, folder: join(folder, 'refused'), rpcPort, env })
  await expect(start).rejects.toThrow(message)
})
