import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { inspectNodeFile } from './inspect.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-inspect-'))
afterAll(() => rmSync(folder, { recursive: true }))

function inspect(yaml: string, isOfProver = false) {
  const path = join(folder, 'zknode.yaml')
  writeFileSync(path, yaml)
  return inspectNodeFile(path, { env: {}, isOfProver })
}

test('what is wrong is named, the rest is understood without it', () => {
  const { wrong, understood } = inspect(`
network: { chainID: 1001, chainId: many, l1StartBlock: 7, contracts: { pol: nothing } }
l1: { rpcUrl: 'http://l1', pollIntervall: 5 }
rpc: { port: 70000 }
`)
  expect(wrong.map(({ option }) => option).sort()).toEqual([
    ...['l1.pollIntervall', 'network.chainID', 'network.chainId', 'network.contracts.globalExitRoot'],
    ...['network.contracts.pol', 'network.contracts.rollup', 'network.contracts.rollupManager', 'network.genesisFile'],
    'rpc.port',
  ])
  expect(understood.network).toMatchObject({ l1StartBlock: 7, rollupId: 1, contracts: {} })
  expect(understood.network.chainId).toBeUndefined()
  expect(understood.l1).toMatchObject({ rpcUrls: ['http://l1'], pollIntervalMs: 1000 })
  expect(understood.rpc).toMatchObject({ port: 8123 })
})

test('a section that cannot be understood is left out, the others are there', () => {
  const { understood } = inspect('l1: 5\nops: { port: 1 }')
  expect(understood.l1).toBeUndefined()
  expect(understood.ops).toMatchObject({ port: 1 })
})

test('a process that only proves needs neither L1 nor the State DB', () => {
  const yaml = "proofStore: { url: 'postgres://proofs' }"
  const sectionsOf = (isOfProver: boolean) =>
    new Set(inspect(yaml, isOfProver).wrong.map(({ option }) => option.split('.')[0]))
  expect(sectionsOf(true)).toEqual(new Set(['network']))
  expect(sectionsOf(false)).toEqual(new Set(['network', 'l1']))
})
