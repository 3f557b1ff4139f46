import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { choosePort } from '#devnet/ports.ts'
import type { Role } from '../run/roles.ts'
import { type CheckedNode, createCheckedNode, type File, NOBODY, withStatus } from './checkedNode.fixture.ts'

let node: CheckedNode
let anvil: CheckedNode['anvil']
let database: CheckedNode['database']
let ports: CheckedNode['ports']
let check: CheckedNode['check']
let faultsOf: CheckedNode['faultsOf']

beforeAll(async () => {
  node = await createCheckedNode()
  ;({ anvil, database, ports, check, faultsOf } = node)
})
afterAll(() => node?.close())

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

test('without an L1 that is named, the genesis is looked at all the same', async () => {
  const findings = await check((file) => {
    Object.assign(file, { l1: {} })
    Object.assign(file.network, { genesisFile: 'nowhere.json' })
  })
  expect(withStatus(findings, 'fault')).toEqual([
    expect.objectContaining({ option: 'l1', found: 'set one of rpcUrl and rpcUrls' }),
    expect.objectContaining({ option: 'network.genesisFile', found: expect.stringContaining('Cannot read') }),
  ])
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
