import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '#config/load.ts'
import { findConfig, type Place, withConfig } from './nodeConfig.ts'

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
