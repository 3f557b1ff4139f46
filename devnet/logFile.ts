import { closeSync, existsSync, ftruncateSync, openSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'

const MAX_BYTES = 20 * 1024 * 1024
const KEPT_BYTES = 1024 * 1024

/** Opens for appending: processes write to it themselves, so that they can outlive their launcher. */
export function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > MAX_BYTES) renameSync(path, `${path}.1`)
  return openSync(path, 'a')
}

/** Empties a log of more than 20 MB that is being written, keeping its last megabyte beside it as `.1`. */
export function trimLog(path: string): void {
  if (sizeOf(path) <= MAX_BYTES) return
  writeFileSync(`${path}.1`, readFrom(path, sizeOf(path) - KEPT_BYTES))
  const file = openSync(path, 'r+')
  ftruncateSync(file) // writers append, so they go on at the new end
  closeSync(file)
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Bytes from `offset` to the end of the file. */
export function readFrom(path: string, offset: number): Buffer {
  const buffer = Buffer.alloc(Math.max(0, sizeOf(path) - offset))
  const file = openSync(path, 'r')
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset))
  } finally {
    closeSync(file)
  }
}

/** The last lines written since `offset`. */
export function lastLines(path: string, offset: number, count = 15): string[] {
  const text = readFrom(path, Math.max(offset, sizeOf(path) - 64 * 1024)).toString('utf8')
  return text.trimEnd().split('\n').slice(-count)
}
