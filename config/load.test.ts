import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, loadConfig, loadNodeFile, loadProverConfig } from './load.ts'

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

test('an unknown option is named with what may be meant, a missing one as not set', () => {
  const wrong = { l1: { rpcUrl: one, pollIntervall: 5 }, pool: { batchMaxMs: 4 } }
  expect(() => loadAll({ ...wrong, network: { chainId: undefined } })).toThrow(
    /node\.json is wrong:\n {2}network\.chainId: not set\n {2}l1\.pollIntervall: unknown option; did you mean l1\.pollIntervalMs\?\n {2}pool\.batchMaxMs: unknown option; it stands in another place: sequencer\.batchMaxMs$/,
  )
})

test('a variable that is set but empty is an error with its name, not a blank', () => {
  expect(() => load({ rpcUrl: one }, { DATABASE_URL: '', L1_RPC_URL: ' ' })).toThrow(
    / {2}database\.url: the variable DATABASE_URL is empty.*\n {2}l1\.rpcUrls: the variable L1_RPC_URL is empty/,
  )
})

test('a URL may be a reference to a variable or to a file beside the configuration', () => {
  writeFileSync(join(folder, 'l1-url'), `${two}\n`)
  const l1 = { rpcUrls: ['env:FIRST_L1', 'file:l1-url'] }
  expect(load(l1, { FIRST_L1: one }).rpcUrls).toEqual([one, two])
  expect(() => load(l1, {})).toThrow(/ {2}l1\.rpcUrls: the variable FIRST_L1 is not there/)
  expect(() => load(l1, { FIRST_L1: '' })).toThrow(/ {2}l1\.rpcUrls: the variable FIRST_L1 is empty/)
  expect(() => load({ rpcUrl: 'file:nothing' })).toThrow(/ {2}l1\.rpcUrl: the file .*nothing is not there/)
})

test('paths are seen from the file', () => {
  const config = loadAll({ l1: { rpcUrl: one }, keys: { sequencer: 'file:keys/sequencer', attester: 'env:KEY' } })
  expect(config.network.genesisFile).toBe(join(folder, 'genesis.json'))
  expect(config.keys).toEqual({ sequencer: `file:${join(folder, 'keys/sequencer')}`, attester: 'env:KEY' })
})

test('keys come from variables where the file names none', () => {
  const env = { ZKNODE_SEQUENCER_KEY: '0x1', ZKNODE_ATTESTER_KEY: '0x2' }
  expect(loadAll({ l1: { rpcUrl: one }, keys: { attester: 'env:OTHER' } }, env).keys).toEqual({
    ...{ sequencer: 'env:ZKNODE_SEQUENCER_KEY', attester: 'env:OTHER' },
  })
})

test('what is no YAML, or no sections, is refused; hex needs no quotes', () => {
  const path = join(folder, 'node.yaml')
  writeFileSync(path, 'network: [')
  expect(() => loadNodeFile(path, {})).toThrow('The file is not YAML.')
  writeFileSync(path, 'network')
  expect(() => loadNodeFile(path, {})).toThrow('holds no sections')
  expect(() => loadNodeFile(join(folder, 'missing.yaml'), {})).toThrow('Cannot read the file.')
  const address = `0x${'11'.repeat(20)}`
  writeFileSync(
    path,
    `network:
  chainId: 1001
  contracts: { rollupManager: ${address}, rollup: ${address}, globalExitRoot: ${address}, pol: ${address} }
  l1StartBlock: 5
  genesisFile: genesis.json
l1: { rpcUrl: http://one.example }
`,
  )
  const { config, sections } = loadNodeFile(path, {})
  expect(config).toMatchObject({
    network: { contracts: { rollup: address } },
    database: { maxConnections: 10 },
    temporal: { namespace: 'zknode' },
  })
  expect([config.network.l1ChainId, config.database.url, config.temporal.address]).toEqual(Array(3).fill(undefined))
  expect(sections).toMatchObject({ network: { genesisFile: join(folder, 'genesis.json') } })
})
