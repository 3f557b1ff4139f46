import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RecordedProcess, readJson, writeJson } from '#devnet/dataFolder.ts'
import type { GenesisFile } from '#devnet/genesis.ts'
import { type Network, readNetwork } from '#devnet/network.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A whole local network of a test file's own, started as a user does. */
export type TestNetwork = {
  folder: string
  /** Of the launcher. */
  pid: number
  network: Network
  genesis: GenesisFile
  /** Running processes by name, as the launcher records them. */
  pidOf: (name: string) => number
  /** Ends a process with SIGKILL and waits until the launcher has replaced it. */
  killAndWait: (name: string) => Promise<void>
  log: (name: string) => string
  /** Ctrl-C, and waits for the end. */
  interrupt: () => Promise<number>
  /** Starts again on the same data. */
  restart: () => Promise<void>
  remove: () => Promise<void>
}

type LaunchOptions = {
  /** Of the launcher. */
  args?: readonly string[]
  /** Of the node: they win over those of the launcher. */
  options?: object
  /** Variables of the launcher, which its processes inherit. */
  env?: NodeJS.ProcessEnv
  /** Instead of a temporary one. */
  folder?: string
}

/** Takes ten to forty seconds. */
export async function startTestNetwork(options: LaunchOptions = {}): Promise<TestNetwork> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'zknode-e2e-'))
  let launcher = await launch(folder, options)
  const processes = () => readJson<RecordedProcess[]>(join(folder, 'processes.json')) ?? []
  const pidOf = (name: string) => {
    const found = processes().find((process) => process.name === name)
    if (found === undefined) throw new Error(`No process ${name} runs in ${folder}`)
    return found.pid
  }
  const interrupt = async () => {
    launcher.kill('SIGINT')
    return await ended(launcher)
  }
  return {
    folder,
    pid: launcher.pid!,
    network: readNetwork(folder),
    genesis: readJson<GenesisFile>(join(folder, 'genesis.json'))!,
    pidOf,
    killAndWait: async (name) => {
      const old = pidOf(name)
      process.kill(old, 'SIGKILL')
      await until(() => processes().some((process) => process.name === name && process.pid !== old), 60_000)
    },
    log: (name) => readFileSync(join(folder, 'logs', `${name}.log`), 'utf8'),
    interrupt,
    restart: async () => {
      launcher = await launch(folder, options)
    },
    remove: async () => {
      if (launcher.exitCode === null) await interrupt()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(folder: string, { args = [], options, env = {} }: LaunchOptions): Promise<ChildProcess> {
  const all = ['--import', 'tsx', 'devnet/main.ts', '--data-dir', folder, ...args]
  if (options !== undefined) {
    const file = join(folder, 'options.json')
    writeJson(file, options)
    all.push('--config', file)
  }
  const child = spawn(process.execPath, all, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const isReady = () => readJson(join(folder, 'network.json')) !== undefined
  await until(() => isReady() || child.exitCode !== null, 120_000)
  if (child.exitCode !== null) throw new Error(`The network did not start:\n${output}`)
  return child
}

function ended(child: ChildProcess): Promise<number> {
  return child.exitCode === null
    ? new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
    : Promise.resolve(child.exitCode)
}

/** Looks every 50 ms. @throws when it takes longer than `timeoutMs` */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
