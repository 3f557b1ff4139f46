import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { NodeError } from '#common/errors.ts'
import type { StopSignal } from './guardian.ts'
import { endProcess, identifyProcess, isRunning, type ProcessIdentity } from './processIdentity.ts'

/** Another launcher works with this data directory. */
export class DataFolderInUseError extends NodeError {
  override readonly name = 'DataFolderInUseError'
}

export type RecordedProcess = ProcessIdentity & { name: string; signal: StopSignal }

/** Everything a network keeps besides its logs: what --reset removes, and nothing else in the folder. */
const NETWORK_FILES = [
  ...[
    'postgres',
    'postgres.password',
    'l1-state.json',
    'l1-state.json.copy',
    'temporal.db',
    'temporal.db-wal',
    'temporal.db-shm',
  ],
  ...['genesis.json', 'chain.json', 'node.json', 'network.json', 'processes.json', 'keys'],
] as const
const LEFTOVER_STOP_MS = 10_000

/**
 * Makes the folder and takes it for this process. Leftovers of a launcher that was killed are ended first, each only if
 * it is still the recorded process. @throws {DataFolderInUseError}
 */
export async function takeDataFolder(folder: string, report: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'launcher.json')
  for (;;) {
    try {
      const file = openSync(lock, 'wx')
      writeSync(file, JSON.stringify(identifyProcess(process.pid)))
      closeSync(file)
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const owner = readJson<ProcessIdentity>(lock)
      if (owner && isRunning(owner))
        throw new DataFolderInUseError(
          `Process ${owner.pid} runs a network in ${folder}: stop it, or choose another folder with --data-dir.`,
        )
      rmSync(lock, { force: true })
    }
  }
  const leftovers = (readJson<RecordedProcess[]>(join(folder, 'processes.json')) ?? []).filter(isRunning)
  if (leftovers.length > 0)
    report(`Ending what a killed launcher left: ${leftovers.map(({ name }) => name).join(', ')}`)
  for (const leftover of leftovers.reverse()) await endProcess(leftover, leftover.signal, LEFTOVER_STOP_MS)
  rmSync(join(folder, 'processes.json'), { force: true })
}

/** The next launcher may take the folder. */
export function releaseDataFolder(folder: string): void {
  rmSync(join(folder, 'processes.json'), { force: true })
  rmSync(join(folder, 'launcher.json'), { force: true })
}

/** So that the next start can end them, should this one be killed together with its guardian. */
export function recordProcesses(folder: string, processes: readonly RecordedProcess[]): void {
  writeJson(join(folder, 'processes.json'), processes)
}

/** Removes the network that the folder holds; other files stay. The logs of a start that failed are worth keeping. */
export function resetDataFolder(folder: string, { keepLogs }: { keepLogs: boolean }): void {
  for (const name of [...NETWORK_FILES, ...(keepLogs ? [] : ['logs'])])
    rmSync(join(folder, name), { recursive: true, force: true })
}

/** undefined when the file is absent or was cut off. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return undefined
  }
}

/** Whole or not at all: readers never see half a file. `mode` 0o600 for secrets. */
export function writeJson(path: string, value: unknown, mode = 0o644): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode })
  renameSync(draft, path)
}
