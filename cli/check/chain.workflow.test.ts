import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { choosePort } from '#devnet/ports.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import { startAnvil } from '#test/anvil.ts'
import { type CheckedNode, createCheckedNode, NOBODY, withStatus } from './checkedNode.fixture.ts'

let node: CheckedNode
let folder: CheckedNode['folder']
let anvil: CheckedNode['anvil']
let deployment: CheckedNode['deployment']
let genesisRoot: CheckedNode['genesisRoot']
let check: CheckedNode['check']
let faultsOf: CheckedNode['faultsOf']

beforeAll(async () => {
  node = await createCheckedNode()
  ;({ folder, anvil, deployment, genesisRoot, check, faultsOf } = node)
})
afterAll(() => node?.close())

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

test('a start after the first events', async () => {
  const start = (l1StartBlock: number) => faultsOf(({ network }) => Object.assign(network, { l1StartBlock }))
  const rpc = createL1Rpc({ rpcUrl: anvil.url, requestTimeoutMs: 5000 })
  const head = Number(await rpc.call('eth_blockNumber', []))
  await rpc.call('anvil_mine', ['0x2'])
  rpc.close()
  expect(await start(head + 2)).toEqual([
    {
      option: 'network.l1StartBlock',
      found: expect.stringMatching(
        new RegExp(`^is ${head + 2}, but rollup 1 is in the rollup manager since L1 block \\d+$`),
      ),
      remedy:
        'Set it to the L1 block that created the rollup, or an earlier one, and let the node begin with an empty database.',
    },
  ])
  expect(await start(deployment.l1StartBlock)).toEqual([])
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
