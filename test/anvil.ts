import { type ChildProcess, spawn } from 'node:child_process'
import { NodeError } from '#common/errors.ts'
import { foundryBinary } from '#devnet/foundryBinary.ts'

/** anvil ended, or did not listen in time. The message holds its last output. */
export class AnvilStartError extends NodeError {
  override readonly name = 'AnvilStartError'
}

export type AnvilOptions = {
  /** Default 1337. */
  chainId?: number
  /** 0, the default: any free one. */
  port?: number
  /** Seconds between blocks; a block per transaction when absent. */
  blockTimeSeconds?: number
  /** Further arguments, see `anvil --help`. */
  args?: readonly string[]
}

export type Anvil = { url: string; port: number; pid: number; stop(): Promise<void> }

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Private keys of anvil's first ten funded accounts (the well-known test mnemonic). Never use them on a real network. */
export const ANVIL_KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
  '0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba',
  '0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e',
  '0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356',
  '0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97',
  '0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6',
] as const

/** Starts an L1 of its own on a free loopback port; it ends with this process at the latest. @throws {AnvilStartError} */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const { chainId = 1337, port = 0, blockTimeSeconds, args = [] } = options
  const child = spawn(
    foundryBinary('anvil'),
    [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)],
      ...(blockTimeSeconds === undefined ? [] : ['--block-time', String(blockTimeSeconds)]),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  endWithThisProcess(child)
  const listeningPort = await waitListening(child)
  return {
    url: `http://127.0.0.1:${listeningPort}`,
    port: listeningPort,
    pid: child.pid!,
    stop: () => stopProcess(child),
  }
}

/** Also when this process is ended by a signal, which it then obeys as before. */
function endWithThisProcess(child: ChildProcess): void {
  const killChild = () => child.kill('SIGKILL')
  const passOn = (signal: NodeJS.Signals) => {
    killChild()
    process.kill(process.pid, signal)
  }
  process.once('exit', killChild)
  for (const signal of SIGNALS) process.once(signal, passOn)
  child.once('exit', () => {
    process.off('exit', killChild)
    for (const signal of SIGNALS) process.off(signal, passOn)
  })
}

function waitListening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (reason: string, cause?: unknown) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new AnvilStartError(reason, { cause, facts: { output: output.slice(-500) } }))
    }
    const timer = setTimeout(() => fail('anvil did not listen in time.'), START_TIMEOUT_MS)
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      // Keep the pipes flowing: a full one would stop anvil.
      child.stdout?.off('data', read).resume()
      child.stderr?.off('data', read).resume()
      child.off('exit', exited)
      resolve(Number(port))
    }
    const exited = (code: number | null) => fail(`anvil ended with code ${code}.`)
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', (cause) => fail('anvil cannot be run.', cause))
    child.once('exit', exited)
  })
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}
