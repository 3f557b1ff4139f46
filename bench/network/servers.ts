import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitForL1 } from '#devnet/anvil.ts'
import { type RecordedProcess, readJson } from '#devnet/dataFolder.ts'
import { foundryBinary } from '#devnet/foundryBinary.ts'
import { startGuardian } from '#devnet/guardian.ts'
import { readNetwork } from '#devnet/network.ts'
import { choosePort } from '#devnet/ports.ts'

/** A server under load: where it answers and the processes that it consists of, by name. */
export type Server = {
  rpcUrl: string
  processes: Readonly<Record<string, number>>
  /** Whether its batches are proven and verified on an L1. */
  provesBatches: boolean
  /** What went wrong so far: errors in logs, processes that ended. */
  findErrors: () => string[]
  stop: () => Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A whole network as `npm start` makes it, in a temporary folder; also gone when this process is killed.
 * @param extraAccounts in its genesis, besides the usual ones
 */
export async function startNetwork(extraAccounts: number): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'zknode-bench-'))
  chmodSync(folder, 0o711)
  const guardian = startGuardian()
  guardian.removeAtEnd(folder)
  const { DATABASE_URL, L1_RPC_URL, TEMPORAL_ADDRESS, npm_lifecycle_event, ...env } = process.env
  const args = ['--import', 'tsx', 'devnet/main.ts', '--data-dir', folder, '--extra-accounts', String(extraAccounts)]
  const child = spawn(process.execPath, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  guardian.watch(child.pid!, 'SIGTERM')
  const output = collectOutput(child)
  const stop = async () => {
    await endChild(child)
    rmSync(folder, { recursive: true, force: true })
  }
  while (!existsSync(join(folder, 'network.json'))) {
    if (child.exitCode !== null) {
      await stop()
      throw new Error(`The network did not start:\n${output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const recorded = readJson<RecordedProcess[]>(join(folder, 'processes.json')) ?? []
  const processes = Object.fromEntries(recorded.map(({ name, pid }) => [name, pid]))
  const { rpcUrl } = readNetwork(folder)
  const findErrors = () => [...errorLines(join(folder, 'logs')), ...restarts(output())]
  return { rpcUrl, processes: { ...processes, launcher: child.pid! }, provesBatches: true, findErrors, stop }
}

/** anvil with a block each second and everything else as it comes. */
export async function startAnvil(): Promise<Server> {
  const port = await choosePort()
  const args = ['--host', '127.0.0.1', '--port', String(port), '--block-time', '1', '--quiet']
  const child = spawn(foundryBinary('anvil'), args, { detached: true, stdio: 'ignore' })
  startGuardian().watch(child.pid!, 'SIGTERM')
  const rpcUrl = `http://127.0.0.1:${port}`
  await waitForL1(rpcUrl)
  const stop = () => endChild(child)
  return { rpcUrl, processes: { anvil: child.pid! }, provesBatches: false, findErrors: () => [], stop }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function collectOutput(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000)
    })
  return () => output
}

/** What the processes logged as errors. */
function errorLines(folder: string): string[] {
  return readdirSync(folder).flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n')
    return lines
      .filter((line) => /^\{"level":(50|60)|"level":"(error|fatal)"/.test(line))
      .map((line) => `${file}: ${line}`)
  })
}

/** What the launcher said of processes that ended by themselves, with their last lines. */
const restarts = (output: string) => output.split(/\n(?= {2}\S)/).filter((part) => part.includes('starting it again'))
