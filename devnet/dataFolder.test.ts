import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  DataFolderInUseError,
  readJson,
  recordProcesses,
  releaseDataFolder,
  resetDataFolder,
  takeDataFolder,
} from './dataFolder.ts'
import { identifyProcess, isRunning } from './processIdentity.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-data-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const quiet = () => {}
const sleeper = () => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })

test('a second launcher is refused and told the number of the first', async () => {
  await takeDataFolder(folder, quiet)
  await expect(takeDataFolder(folder, quiet)).rejects.toThrow(DataFolderInUseError)
  await expect(takeDataFolder(folder, quiet)).rejects.toThrow(`Process ${process.pid} runs a network`)
  releaseDataFolder(folder)
  await takeDataFolder(folder, quiet)
})

test.each([
  ['of a dead launcher', '{"pid":4194305,"startedAt":"long ago"}'],
  ['cut off while it was written', '{"pi'],
])('a lock %s is taken over', async (_, text) => {
  writeFileSync(join(folder, 'launcher.json'), text)
  await takeDataFolder(folder, quiet)
  expect(readJson(join(folder, 'launcher.json'))).toMatchObject({ pid: process.pid })
})

test('leftovers are ended, but not a process that only has the number of one', async () => {
  const [leftover, stranger] = [sleeper(), sleeper()]
  const signal = 'SIGTERM' as const
  const recorded = { name: 'anvil', ...identifyProcess(leftover.pid!), signal }
  recordProcesses(folder, [recorded, { name: 'postgres', pid: stranger.pid!, startedAt: 'another time', signal }])
  const lines: string[] = []
  await takeDataFolder(folder, (line) => lines.push(line))
  expect(isRunning(recorded)).toBe(false)
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
  expect(lines).toEqual(['Ending what a killed launcher left: anvil'])
  stranger.kill('SIGKILL')
})

test('a reset removes the network and nothing else', () => {
  mkdirSync(join(folder, 'postgres'))
  mkdirSync(join(folder, 'logs'))
  for (const name of ['chain.json', 'thesis.txt', 'postgres/PG_VERSION']) writeFileSync(join(folder, name), name)
  resetDataFolder(folder, { keepLogs: true })
  expect(['chain.json', 'postgres'].filter((name) => existsSync(join(folder, name)))).toEqual([])
  expect(existsSync(join(folder, 'logs'))).toBe(true)
  resetDataFolder(folder, { keepLogs: false })
  expect(existsSync(join(folder, 'logs'))).toBe(false)
  expect(readFileSync(join(folder, 'thesis.txt'), 'utf8')).toBe('thesis.txt')
})
