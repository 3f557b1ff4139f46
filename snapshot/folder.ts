import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { SnapshotFolderError } from './errors.ts'
import { MANIFEST_FILE, UNFINISHED_FILE } from './manifest.ts'

type Writer = { pid: number; host: string }

/**
 * Makes the folder one to write to: new, empty, or with what is left of a snapshot that was not finished, which is removed.
 * @throws {SnapshotFolderError}
 */
export function takeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const names = readdirSync(folder)
  if (names.includes(MANIFEST_FILE))
    throw new SnapshotFolderError('The folder holds a snapshot: name another one.', { facts: { folder } })
  if (names.length > 0 && !names.includes(UNFINISHED_FILE))
    throw new SnapshotFolderError('The folder is not empty: name another one.', { facts: { folder } })
  const writer = readWriter(folder)
  if (writer !== undefined && isAlive(writer))
    throw new SnapshotFolderError('A snapshot is being written to this folder.', {
      facts: { folder, pid: writer.pid },
    })
  clearFolder(folder)
  writeFileSync(join(folder, UNFINISHED_FILE), JSON.stringify({ pid: process.pid, host: hostname() }))
}

/** Everything that a snapshot writes; its mark goes last. */
export function clearFolder(folder: string): void {
  for (const name of readdirSync(folder))
    if (name.endsWith('.copy.br') || name.startsWith(MANIFEST_FILE)) rmSync(join(folder, name))
  rmSync(join(folder, UNFINISHED_FILE), { force: true })
}

function readWriter(folder: string): Writer | undefined {
  const path = join(folder, UNFINISHED_FILE)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Writer
  } catch {
    return undefined // killed while it wrote this
  }
}

/** A process of another machine ended long ago, or writes to a folder that is its own. */
function isAlive({ pid, host }: Writer): boolean {
  if (host !== hostname() || pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
