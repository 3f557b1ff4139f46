import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NetworkFileError, readNetworkFile } from './networkFile.ts'
import { RunOptionError, readKind, readRoles } from './run.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zknode-file-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const addressOf = (digit: number) => `0x${String(digit).repeat(40)}`
const network = {
  ...{ l1RpcUrl: 'http://127.0.0.1:8545', rollupManager: addressOf(1), rollup: addressOf(2) },
  ...{ globalExitRoot: addressOf(3), pol: addressOf(4), rollupId: 1, forkId: 9, l2ChainId: 1001, l1StartBlock: 12 },
  genesis: { accounts: [{ address: addressOf(5), balance: '7' }] },
}

function put(name: string, value: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

test('reads a file with its genesis in it', () => {
  expect(readNetworkFile(put('network.json', network))).toMatchObject({
    ...network,
    genesis: { accounts: [{ address: addressOf(5), balance: '7', nonce: '0' }] },
  })
})

test('reads the genesis file of a public network, whose path is seen from the file', () => {
  const storage = { '0x01': '0x02' }
  const account = { accountName: 'x', address: addressOf(6), balance: '0x10', nonce: 3, bytecode: '0x60', storage }
  put('genesis.json', { root: `0x${'ab'.repeat(32)}`, genesisBlockNumber: 5, genesis: [account] })
  expect(readNetworkFile(put('network.json', { ...network, genesis: './genesis.json' })).genesis).toEqual({
    root: `0x${'ab'.repeat(32)}`,
    accounts: [{ address: addressOf(6), balance: '16', nonce: '3', code: '0x60', storage }],
  })
})

test.each([
  ['an unknown option', { ...network, rolupId: 2 }, 'rolupId: unknown option'],
  ['no rollup', { ...network, rollup: undefined }, 'rollup'],
  ['a genesis without accounts', { ...network, genesis: { root: `0x${'ab'.repeat(32)}` } }, 'genesis'],
  ['a section that is none of the node', { ...network, node: { database: {} } }, 'node.database: unknown option'],
  ['what is no file', 'l1RpcUrl: [', 'Cannot read'],
])('refuses %s and names it', (_, value, message) => {
  expect(() => readNetworkFile(put('network.json', value))).toThrow(NetworkFileError)
  expect(() => readNetworkFile(put('network.json', value))).toThrow(message)
})

test('roles are processes, in the order of their start', () => {
  expect(readRoles(undefined)).toEqual(['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api'])
  expect(readRoles('api, synchronizer')).toEqual(['synchronizer', 'api'])
  expect(() => readRoles('api,miner')).toThrow(RunOptionError)
})

test('a node that follows has no roles to choose; one that trusts needs somebody to trust', () => {
  expect(readKind({ as: 'permissionless' })).toEqual({ role: 'permissionless', sequencerUrl: undefined })
  const trusting = { as: 'trusting', sequencerUrl: 'http://sequencer:8123' }
  expect(readKind(trusting)).toEqual({ role: 'trusting', sequencerUrl: trusting.sequencerUrl })
  for (const wrong of [{ as: 'trusting' }, { as: 'other' }, { as: 'permissionless', roles: 'api' }])
    expect(() => readKind(wrong)).toThrow(RunOptionError)
})
