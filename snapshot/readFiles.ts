import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { SnapshotFileError } from './errors.ts'
import type { Manifest, SnapshotFile } from './manifest.ts'
import { Meter } from './meter.ts'

/** Looks at sizes, which is done at once. @throws {SnapshotFileError} for the first file that is missing, or too short or long */
export function checkSizes(folder: string, { tables }: Manifest): void {
  for (const { name, bytes } of tables.flatMap(({ files }) => files)) {
    const path = join(folder, name)
    if (!existsSync(path)) throw new SnapshotFileError('A file of the snapshot is missing.', { facts: { file: name } })
    const { size } = statSync(path)
    if (size !== bytes)
      throw new SnapshotFileError('A file of the snapshot has not its size.', { facts: { file: name, bytes, size } })
  }
}

/**
 * Unpacks a file into a stream, which ends only when the file was what the manifest says; else it is destroyed.
 * @throws {SnapshotFileError}
 */
export async function unpackFile(
  folder: string,
  { name, sha256, rawBytes }: SnapshotFile,
  into: Writable,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
  const [packed, raw] = [new Meter({ isHashed: true, onBytes }), new Meter()]
  const differs = (cause?: unknown) =>
    new SnapshotFileError('A file of the snapshot is damaged.', { cause, facts: { file: name } })
  try {
    const stored = createReadStream(join(folder, name))
    await pipeline(stored, packed, createBrotliDecompress(), raw, into, { signal, end: false })
    if (packed.sha256() !== sha256 || raw.bytes !== rawBytes) throw differs()
    await ended(into)
  } catch (error) {
    into.destroy(error as Error)
    signal.throwIfAborted()
    if (error instanceof SnapshotFileError || (await hashOf(join(folder, name))) === sha256) throw error
    throw differs(error) // whoever met the damage first, decompression or Postgres
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

function ended(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.end(resolve)
  })
}

/** Reads a file to its end, for its hash alone. */
export const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })
