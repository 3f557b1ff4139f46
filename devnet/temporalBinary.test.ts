import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findTemporal, obtainTemporal, TemporalNotFoundError } from './temporalBinary.ts'
import { readTemporalSettings, temporalArguments } from './temporalServer.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zknode-temporal-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const program = (path: string, mode = 0o755) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, path)
  chmodSync(path, mode)
  return path
}
const refuse = async (): Promise<string> => {
  throw new Error('no route to host')
}
const environment = () => ({ XDG_CACHE_HOME: join(home, 'cache'), PATH: `/nowhere:${join(home, 'bin')}` })

test('TEMPORAL_BIN comes before PATH, PATH before the cache', () => {
  const cached = program(join(home, 'cache', 'zknode', 'temporal-1.5.1'))
  expect(findTemporal(environment())).toBe(cached)
  const onPath = program(join(home, 'bin', 'temporal'))
  expect(findTemporal(environment())).toBe(onPath)
  const given = program(join(home, 'mine'))
  expect(findTemporal({ ...environment(), TEMPORAL_BIN: given })).toBe(given)
})

test('a file that cannot be run, and a folder, are passed over', () => {
  program(join(home, 'cache', 'zknode', 'temporal-1.5.1'), 0o644)
  mkdirSync(join(home, 'bin', 'temporal'), { recursive: true })
  expect(findTemporal(environment())).toBeUndefined()
})

test('a wrong TEMPORAL_BIN is an error, not a reason to take another', async () => {
  program(join(home, 'bin', 'temporal'))
  const env = { ...environment(), TEMPORAL_BIN: join(home, 'typo') }
  await expect(obtainTemporal({ env })).rejects.toThrow(/TEMPORAL_BIN is not an executable file/)
})

test('a download is kept for the next time', async () => {
  const download = async (folder: string) => program(join(folder, 'temporal-sdk-typescript-1.24.0'))
  const path = await obtainTemporal({ env: environment(), download, build: refuse })
  expect(path).toBe(join(home, 'cache', 'zknode', 'temporal-1.5.1'))
  expect(readdirSync(join(home, 'cache', 'zknode'))).toEqual(['temporal-1.5.1'])
  expect(await obtainTemporal({ env: environment(), download: refuse, build: refuse })).toBe(path)
})

test('without a download it is built, and tells how far it is', async () => {
  const told: string[] = []
  const path = await obtainTemporal({
    env: environment(),
    report: (progress) => told.push(progress),
    download: refuse,
    build: async (folder, report) => {
      report('12 packages')
      return program(join(folder, 'temporal'))
    },
  })
  expect(readFileSync(path, 'utf8')).toContain('getting-temporal-')
  expect(told).toEqual(['download', 'build with Go', '12 packages'])
})

test('when no way works, one sentence names the remedies and what was tried; nothing is left behind', async () => {
  const attempt = obtainTemporal({ env: environment(), download: refuse, build: refuse })
  await expect(attempt).rejects.toThrow(TemporalNotFoundError)
  await expect(attempt).rejects.toThrow(/TEMPORAL_BIN.*Go.*TEMPORAL_ADDRESS.*download: no route to host; build with Go/)
  expect(readdirSync(join(home, 'cache', 'zknode'))).toEqual([])
})

test('temporal-dev.yaml becomes flags: search attributes, dynamic configuration, and pragmas only with a file', () => {
  const settings = readTemporalSettings()
  const kept = temporalArguments(settings, { port: 7233, uiPort: 8233, dbFile: '/data/temporal.db' }).join(' ')
  expect(kept).toContain(
    '--db-filename /data/temporal.db --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=1',
  )
  expect(kept).toContain('--dynamic-config-value history.transferProcessorMaxPollRPS=2000')
  expect(kept).toContain('--search-attribute ZkBatchStatus=Keyword')
  const inMemory = temporalArguments(settings, { port: 7233 })
  expect(inMemory).toContain('--headless')
  expect(inMemory).not.toContain('--sqlite-pragma')
})
