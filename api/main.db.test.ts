import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, startTestApi, type TestApi, testConfig } from './tests/testServer.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'zknode-api-'))
let api: TestApi
let child: ChildProcess | undefined
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await api?.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(config: object): ChildProcess {
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify(config))
  return spawn(process.execPath, ['--import', 'tsx', main], {
    env: { ZKNODE_CONFIG: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function readLine(process: ChildProcess, message: string): Promise<Record<string, unknown>> {
  for await (const line of createInterface({ input: process.stdout! })) {
    const entry = JSON.parse(line) as Record<string, unknown>
    if (String(entry['msg']).includes(message)) return entry
  }
  throw new Error(`ended without saying: ${message}`)
}

test('the process says where it serves, answers, and ends by SIGTERM with code 0', async () => {
  child = start(testConfig(api.databaseUrl))
  const { url, opsPort } = await readLine(child, 'api ready')
  expect((await call(String(url), 'eth_chainId')).result).toBe('0x3e9')
  expect((await fetch(`http://127.0.0.1:${opsPort}/ready`)).status).toBe(200)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test('a process that cannot start says why in one line and ends with code 1', async () => {
  child = start({ ...testConfig(api.databaseUrl), nonsense: 1 })
  const ended = once(child, 'exit')
  expect(await readLine(child, 'nonsense: unknown option')).toMatchObject({ level: 60 })
  expect(await ended).toEqual([1, null])
})
