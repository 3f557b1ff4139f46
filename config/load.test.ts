import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, loadConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [one, two] = ['http://one.example:8545', 'http://two.example/key']
function load(l1: object, env: NodeJS.ProcessEnv = {}) {
  const address = `0x${'11'.repeat(20)}`
  const contracts = { rollupManager: address, rollup: address, globalExitRoot: address, pol: address }
  const network = { chainId: 1001, l1ChainId: 1337, contracts, l1StartBlock: 0, genesisFile: 'genesis.json' }
  const path = join(folder, 'node.json')
  writeFileSync(path, JSON.stringify({ network, database: { url: 'postgres://db/zk' }, l1 }))
  return loadConfig(path, env).l1
}

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
