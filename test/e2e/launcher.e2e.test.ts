import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { type RecordedProcess, readJson } from '#devnet/dataFolder.ts'
import { readNetwork } from '#devnet/network.ts'
import { isRunning } from '#devnet/processIdentity.ts'
import { call } from '#devnet/rpc.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-e2e-'))
const started: ChildProcess[] = []
afterAll(async () => {
  for (const launcher of started) await end(launcher, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

type Launcher = ChildProcess & { output: string }

function launch(...args: string[]): Launcher {
  const env = { ...process.env }
  for (const name of ['DATABASE_URL', 'L1_RPC_URL', 'TEMPORAL_ADDRESS', 'npm_lifecycle_event']) delete env[name]
  const command = ['--import', 'tsx', 'devnet/main.ts', '--data-dir', folder, ...args]
  const launcher = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const result = Object.assign(launcher, { output: '' })
  for (const stream of [launcher.stdout, launcher.stderr])
    stream.on('data', (chunk) => {
      result.output += chunk
    })
  started.push(launcher)
  return result
}

const ended = (launcher: ChildProcess) => launcher.exitCode !== null || launcher.signalCode !== null

async function end(launcher: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (!ended(launcher)) {
    launcher.kill(signal)
    await new Promise((resolve) => launcher.once('exit', resolve))
  }
  return launcher.exitCode
}

async function ready(launcher: Launcher) {
  await vi
    .waitFor(
      () => {
        if (ended(launcher)) throw new Error(`The launcher ended: ${launcher.output}`)
        expect(launcher.output).toContain('zkNode is ready')
      },
      { timeout: 120_000, interval: 100 },
    )
    .catch((error) => {
      throw new Error(`${(error as Error).message}\n${launcher.output}`)
    })
  return readNetwork(folder)
}

const running = () => (readJson<RecordedProcess[]>(join(folder, 'processes.json')) ?? []).filter(isRunning)
const blockHashes = async (l1RpcUrl: string) =>
  (await call<{ hash: string }>(l1RpcUrl, 'eth_getBlockByNumber', ['0x1', false])).hash

test('the network starts, survives kills of every kind, resumes, and leaves nothing behind', async () => {
  let launcher = launch()
  const first = await ready(launcher)
  const rich = first.accounts[0]!.address
  expect(await call(first.rpcUrl, 'eth_chainId')).toBe(`0x${first.chainId.toString(16)}`)
  expect(BigInt(await call<string>(first.rpcUrl, 'eth_getBalance', [rich, 'latest']))).toBe(10_000n * 10n ** 18n)
  const hash = await blockHashes(first.l1RpcUrl)

  const second = launch()
  await vi.waitFor(() => expect(ended(second)).toBe(true), 20_000)
  expect(second.exitCode).toBe(1)
  expect(second.output).toContain(`Process ${launcher.pid} runs a network in ${folder}`)

  for (const { pid } of running()) process.kill(pid, 'SIGKILL')
  await vi.waitFor(() => expect(launcher.output.match(/works again/g)).toHaveLength(8), {
    timeout: 90_000,
    interval: 200,
  })
  expect(await blockHashes(first.l1RpcUrl)).toBe(hash)

  // One that came back before what it needs may have ended once more.
  await vi.waitFor(() => expect(running()).toHaveLength(8), { timeout: 60_000, interval: 200 })
  const left = running()
  await end(launcher, 'SIGKILL')
  await vi.waitFor(() => expect([...left, ...running()].filter(isRunning)).toEqual([]), {
    timeout: 60_000,
    interval: 200,
  })

  launcher = launch()
  const resumed = await ready(launcher)
  expect(resumed.contracts).toEqual(first.contracts)
  expect(await blockHashes(resumed.l1RpcUrl)).toBe(hash)

  const stopping = running()
  expect(await end(launcher, 'SIGINT')).toBe(0)
  expect(stopping.filter(isRunning)).toEqual([])
  expect(() => readNetwork(folder)).toThrow(/No network is ready/)
})

test('a stop in the middle of the start leaves nothing behind, and the next start begins anew', async () => {
  const launcher = launch('--reset')
  await vi.waitFor(() => expect(launcher.output).toContain('✓ L1 (anvil)'), { timeout: 60_000, interval: 50 })
  const begun = running()
  expect(begun.length).toBeGreaterThan(0)
  expect(await end(launcher, 'SIGINT')).toBe(0)
  expect(begun.filter(isRunning)).toEqual([])
  expect(launcher.output).toContain('Stopped.')
  expect(() => readFileSync(join(folder, 'launcher.json'))).toThrow(/ENOENT/)
})
