import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '#config/load.ts'
import { CommandDatabaseError, findConfig, type Place, readNode, withConfig, withDatabaseErrors } from './nodeConfig.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zknode-place-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the option wins over the variable, which wins over the files of the folder', () => {
  const find = (named?: string, variable?: string, files?: string[]) =>
    findConfig(named, { env: { ZKNODE_CONFIG: variable }, folder, ...(files && { files }) })
  expect(() => find()).toThrow(ConfigError)
  expect(() => find(undefined, '')).toThrow('`zknode config init`')
  mkdirSync(join(folder, '.zknode'))
  writeFileSync(join(folder, '.zknode', 'node.json'), '{}')
  expect(find()).toBe(join(folder, '.zknode', 'node.json'))
  expect(() => find(undefined, undefined, ['zknode.yaml'])).toThrow('there is no zknode.yaml here')
  writeFileSync(join(folder, 'zknode.yaml'), '')
  expect(find()).toBe(join(folder, 'zknode.yaml'))
  expect(find(undefined, 'other.yaml')).toBe('other.yaml')
  expect(find('named.yaml', 'other.yaml')).toBe('named.yaml')
})

test('a command gets the file, at whatever level it stands', async () => {
  const got: string[] = []
  const sub = withConfig(new Command('sub'), 'which is read').action(({ config }: Place) => void got.push(config))
  await new Command('zknode').addCommand(sub).parseAsync(['sub', '--config', 'given.yaml'], { from: 'user' })
  expect(got).toEqual(['given.yaml'])
})

test('commands need where the servers are, and nothing that only L1 knows', () => {
  const file = join(folder, 'zknode.json')
  const address = `0x${'11'.repeat(20)}`
  const contracts = { rollupManager: address, rollup: address, globalExitRoot: address, pol: address }
  const network = { chainId: 1001, contracts, l1StartBlock: 0, genesisFile: 'genesis.json' }
  const write = (database: object) =>
    writeFileSync(file, JSON.stringify({ network, l1: { rpcUrl: 'http://l1.example' }, database }))
  write({ url: 'postgres://db.example/zknode' })
  expect(readNode({ config: file })).toMatchObject({
    database: { url: 'postgres://db.example/zknode' },
    proofStore: { url: 'postgres://db.example/zknode' },
    temporal: { address: '127.0.0.1:7233', namespace: 'zknode' },
  })
  expect(() => loadConfig(file, {})).toThrow(/ {2}network\.l1ChainId: not set\n`zknode run` finds this out/)
  write({})
  expect(() => readNode({ config: file })).toThrow('node.json of its data directory')
})

const URL_OF_IT = 'postgres://127.0.0.1:5432/zknode'
const failing = (error: Error) => withDatabaseErrors(URL_OF_IT, () => Promise.reject(error))
const withCode = (message: string, code: string) => Object.assign(new Error(message), { code })

test('what the database says is told as such, with its own words', async () => {
  const missing = withCode('relation "state.batches" does not exist', '42P01')
  for (const error of [missing, new Error('Failed query: select 1', { cause: missing })]) {
    const told = failing(error)
    await expect(told).rejects.toThrow(CommandDatabaseError)
    await expect(told).rejects.toThrow('database=127.0.0.1:5432 error=relation "state.batches" does not exist')
  }
  await expect(failing(withCode('', 'ECONNREFUSED'))).rejects.toThrow('error=ECONNREFUSED')
})

test('a fault of ours is no fault of the database', async () => {
  for (const error of [new TypeError('x is not a function'), withCode('no such argument', 'ERR_INVALID_ARG_TYPE')])
    await expect(failing(error)).rejects.toBe(error)
})
