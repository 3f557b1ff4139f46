import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '#config/schema.ts'

export type ApiProcess = { child: ChildProcess; url: string; stop: () => Promise<void> }

const main = fileURLToPath(new URL('../api/main.ts', import.meta.url))

/** The API as its process, with its configuration in a folder. `nodeArgs` go to Node. */
export async function startApiProcess(
  folder: string,
  config: ConfigInput,
  { nodeArgs = [], stderr = 'inherit' }: { nodeArgs?: readonly string[]; stderr?: 'inherit' | 'pipe' } = {},
): Promise<ApiProcess> {
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify(config))
  const child = spawn(process.execPath, [...nodeArgs, '--import', 'tsx', main], {
    env: { ...process.env, ZKNODE_CONFIG: path },
    stdio: ['ignore', 'pipe', stderr],
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  const lines = createInterface({ input: child.stdout! })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const entry = JSON.parse(line)
      if (entry.msg === 'api ready') resolve(String(entry.url))
    })
    lines.on('close', () => reject(new Error('the API ended before it was ready')))
  })
  return { child, url, stop }
}
