import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, loadConfig, loadProverConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [one, two] = ['http://one.example:8545', 'http://two.example/key']
const load = (l1: object, env: NodeJS.ProcessEnv = {}) => loadAll({ l1 }, env).l1
const loadNetwork = (network: object, env: NodeJS.ProcessEnv = {}) => loadAll({ network, l1: { rpcUrl: one } }, env)

function loadAll({ network: changes = {}, ...sections }: Record<string, object>, env: NodeJS.ProcessEnv = {}) {
  const address = `0x${'11'.repeat(20)}`
  const contracts = { rollupManager: address, rollup: address, globalExitRoot: address, pol: address }
  const network = {
    chainId: 1001,
    l1ChainId: 1337,
    contracts,
    l1StartBlock: 0,
    genesisFile: 'genesis.json',
    ...changes,
  }
  const path = join(folder, 'node.json')
  writeFileSync(path, JSON.stringify({ network, database: { url: 'postgres://db/zk' }, ...sections }))
  return loadConfig(path, env)
}

test('L1 counts attestations unless it is said to check something else', () => {
  const l1 = { rpcUrl: one }
  expect(loadAll({ l1 }).network.verifier).toBe('attestation')
  expect(loadAll({ l1, network: { verifier: 'mock' } }).network.verifier).toBe('mock')
  expect(() => loadAll({ l1, network: { verifier: 'none' } })).toThrow(/\n {2}network\.verifier/)
})

test('L1 has one endpoint, or several in order of preference', () => {
  expect(load({ rpcUrl: one })).toMatchObject({ rpcUrls: [one], follow: 'latest' })
  expect(load({ rpcUrls: [two, one] }).rpcUrls).toEqual([two, one])
})

test('the environment wins, with commas between several', () => {
  expect(load({ rpcUrl: one }, { L1_RPC_URL: two }).rpcUrls).toEqual([two])
  expect(load({ rpcUrls: [one] }, { L1_RPC_URL: `${two}, ${one}` }).rpcUrls).toEqual([two, one])
})

test.each([{}, { rpcUrls: [] }, { rpcUrl: one, rpcUrls: [two] }, { rpcUrl: 'one' }, { rpcUrl: one, follow: 'newest' }])(
  '%j is refused',
  (l1) => {
    expect(() => load(l1)).toThrow(ConfigError)
    expect(() => load(l1)).toThrow(/\n {2}l1/)
  },
)

const attesters = Array.from({ length: 9 }, (_, index) => `0x${String(index + 1).padStart(40, '0')}`)

test('as many attesters may be required as there are', () => {
  expect(loadNetwork({}).network.attestersRequired).toBe(1)
  const { network } = loadNetwork({ attesters: attesters.slice(0, 3), attestersRequired: 3 })
  expect(network).toMatchObject({ attesters: attesters.slice(0, 3), attestersRequired: 3 })
})

test.each([
  { attestersRequired: 2 },
  { attesters: attesters.slice(0, 3), attestersRequired: 4 },
  { attesters: attesters.slice(0, 3), attestersRequired: 0 },
  { attesters },
  { attesters: [] },
])('%j is refused', (network) => {
  expect(() => loadNetwork(network)).toThrow(ConfigError)
  expect(() => loadNetwork(network)).toThrow(/network\.attesters/)
})

test('the proof store is in the database of the node unless it has a place of its own', () => {
  expect(loadNetwork({}).proofStore).toEqual({ url: 'postgres://db/zk' })
  const env = { PROOF_STORE_URL: 'postgres://proofs/zk', DATABASE_URL: 'postgres://other/zk' }
  expect(loadNetwork({}, env)).toMatchObject({
    database: { url: 'postgres://other/zk' },
    proofStore: { url: 'postgres://proofs/zk' },
  })
})

test('a prover needs neither the State DB nor L1, but a proof store; a node needs them', () => {
  const { network } = loadNetwork({})
  const path = join(folder, 'prover.json')
  writeFileSync(path, JSON.stringify({ network, proofStore: { url: 'postgres://proofs/zk' } }))
  const config = loadProverConfig(path, {})
  expect(config).toMatchObject({ proofStore: { url: 'postgres://proofs/zk' }, temporal: { namespace: 'zknode' } })
  expect([config.database, config.l1]).toEqual([undefined, undefined])
  expect(() => loadConfig(path, {})).toThrow(/\n {2}database: .*\n {2}l1: /)
  writeFileSync(path, JSON.stringify({ network }))
  expect(() => loadProverConfig(path, {})).toThrow('proofStore.url: set it, or database.url')
})
