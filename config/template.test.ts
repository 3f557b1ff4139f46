import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listEntries } from './catalogue.ts'
import { loadNodeFile } from './load.ts'
import { PRESETS, readPreset } from './presets.ts'
import { renderTemplate } from './template.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zknode-template-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string) {
  const path = join(folder, 'zknode.yaml')
  writeFileSync(path, text)
  return loadNodeFile(path, {}).config
}

const FILLED: Record<string, string> = {
  URL: 'http://l1.example',
  address: `0x${'11'.repeat(20)}`,
  path: 'genesis.json',
}
const filled = (text: string) => text.replace(/# fill in: (\w+)/g, (_, type) => FILLED[type] ?? '7')
const templateOf = (name?: (typeof PRESETS)[number]) => renderTemplate(readPreset(name, join(folder, 'zknode.yaml')))

test.each([...PRESETS, undefined])('%s: a file that is refused until what it asks for is filled in', (name) => {
  const text = templateOf(name)
  for (const option of readPreset(name, join(folder, 'zknode.yaml')).needed)
    expect(() => read(text)).toThrow(`${option}: has no value`)
  const role = name === undefined ? 'sequencer' : 'permissionless'
  expect(read(filled(text))).toMatchObject({ role, network: { rollupId: 1 } })
})

test('what is commented out are the defaults', () => {
  const text = filled(templateOf('mainnet'))
  const active = text.replace(/^(\s*)#(\w+:) (.+)$/gm, '$1$2 $3')
  expect(active.length).toBeLessThan(text.length - 50)
  expect(read(active)).toEqual(read(text))
})

test('every option stands there, below its section', () => {
  const lines = templateOf('cardona').split('\n')
  for (const { path } of listEntries()) {
    const indent = '  '.repeat(path.length - 1)
    const pattern = new RegExp(`^${indent}#?${path.at(-1)}:( |$)`)
    expect(
      lines.filter((line) => pattern.test(line)),
      path.join('.'),
    ).not.toEqual([])
  }
})

test('a local network beside the file is described as it is', () => {
  const contracts = { rollupManager: '0x1', rollup: '0x2', globalExitRoot: '0x3', pol: '0x4' }
  const network = { chainId: 1001, l1ChainId: 1337, contracts, l1StartBlock: 3, genesisFile: 'genesis.json' }
  const preset = () => readPreset('local', join(folder, 'zknode.yaml'))
  expect(preset().needed).toContain('network.contracts.rollup')
  const data = join(folder, '.zknode')
  mkdirSync(data)
  writeFileSync(join(data, 'node.json'), JSON.stringify({ network, l1: { rpcUrl: 'http://127.0.0.1:9' } }))
  expect(preset()).toMatchObject({
    needed: [],
    values: {
      ...{ role: 'permissionless', l1: { rpcUrl: 'http://127.0.0.1:9' }, rpc: { port: 8124 } },
      network: { contracts, genesisFile: '.zknode/genesis.json' },
    },
  })
})
