import { createWriteStream, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress } from 'node:zlib'
import { NODE_VERSION } from '#common/version.ts'
import { type Chunk, type FrozenReader, freezeDatabase } from '#db/frozenDatabase.ts'
import { findMigrations, readSnapshotFacts, type SnapshotFacts } from '#db/snapshotFacts.ts'
import { LEFT_OUT, readSequences, type StoredTable } from '#db/snapshotTables.ts'
import { withDiskErrors } from './diskErrors.ts'
import { NothingToSaveError } from './errors.ts'
import { clearFolder, takeFolder } from './folder.ts'
import { gather } from './gather.ts'
import { inParallel } from './inParallel.ts'
import { FORMAT, type Manifest, type SnapshotFile, UNFINISHED_FILE, writeManifest } from './manifest.ts'
import { Meter } from './meter.ts'
import { assertNetwork, type ConfiguredNetwork } from './networkIdentity.ts'

/** Of a file before compression: about a second of work, and what is done again after a kill. */
export const CHUNK_BYTES = 64 * 2 ** 20
/** Better and quicker than gzip at any level, for these rows: docs/snapshots.md has the measurements. */
const COMPRESSION = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }

export type Progress = { stage: string; done: number; total: number; unit: 'bytes' | 'statements' }
export type CreateOptions = {
  databaseUrl: string
  network: ConfiguredNetwork
  folder: string
  /** Connections that read at once. */
  jobs: number
  chunkBytes?: number
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

/**
 * Writes one moment of the State DB to a folder while the node goes on. The manifest comes last: a folder without one is no
 * snapshot. What an interruption leaves is removed, or recognised by its mark.
 */
export const createSnapshot = (options: CreateOptions): Promise<Manifest> =>
  withDiskErrors(options.folder, async () => {
    const { folder } = options
    takeFolder(folder)
    try {
      const manifest = await writeSnapshot(options)
      rmSync(join(folder, UNFINISHED_FILE))
      return manifest
    } catch (error) {
      clearFolder(folder)
      throw error
    }
  })

async function writeSnapshot(options: CreateOptions): Promise<Manifest> {
  const { databaseUrl, network, folder, jobs, chunkBytes = CHUNK_BYTES } = options
  const { onProgress = () => {}, signal = new AbortController().signal } = options
  const frozen = await freezeDatabase(databaseUrl)
  try {
    const { db, tables } = frozen
    const facts = await readFacts(db)
    assertNetwork(facts.network, network)
    const totalBytes = tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    let doneBytes = 0
    const read = (bytes: number) => {
      doneBytes += bytes
      onProgress({ stage: 'writing', done: doneBytes, total: Math.max(doneBytes, totalBytes), unit: 'bytes' })
    }
    const files = new Map<string, SnapshotFile[]>(tables.map(({ name }) => [name, []]))
    const chunks = tables.flatMap((table) => chunksOf(table, chunkBytes))
    await inParallel(
      chunks,
      jobs,
      frozen.openReader,
      async (reader, chunk, stop) => {
        const file = await writeChunk(reader, folder, chunk, read, stop)
        if (file.rows > 0) files.get(chunk.table)!.push(file)
        else rmSync(join(folder, file.name))
      },
      signal,
    )
    const manifest: Manifest = {
      ...{ format: FORMAT, createdAt: new Date().toISOString(), version: NODE_VERSION },
      ...{ migrations: await findMigrations(db), facts, sequences: await readSequences(db, tables) },
      tables: tables.map(({ name, columns }) => {
        const ofTable = files.get(name)!.toSorted((a, b) => (a.name < b.name ? -1 : 1))
        return { name, columns, rows: ofTable.reduce((sum, { rows }) => sum + rows, 0), files: ofTable }
      }),
      leftOut: LEFT_OUT,
    }
    signal.throwIfAborted()
    writeManifest(folder, manifest)
    return manifest
  } finally {
    await frozen.close()
  }
}

async function readFacts(db: Parameters<typeof readSnapshotFacts>[0]): Promise<SnapshotFacts> {
  const facts = await readSnapshotFacts(db)
  if (facts === undefined) throw new NothingToSaveError('The database holds no chain: nothing was started on it yet.')
  return facts
}

type NumberedChunk = Chunk & { number: number }

/** Parts of about that size: by pages, as rows lie in the table, and with what lies outside of it counted in. */
export function chunksOf({ name, columns, pages, sizeBytes }: StoredTable, chunkBytes: number): NumberedChunk[] {
  const count = Math.max(1, Math.min(pages, Math.ceil(sizeBytes / chunkBytes)))
  const pageOf = (index: number) => Math.floor((index * pages) / count)
  return Array.from({ length: count }, (_, index) => ({
    ...{ table: name, columns, number: index, fromPage: pageOf(index) },
    toPage: index === count - 1 ? undefined : pageOf(index + 1),
  }))
}

async function writeChunk(
  reader: FrozenReader,
  folder: string,
  chunk: NumberedChunk,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<SnapshotFile> {
  const name = `${chunk.table}.${String(chunk.number).padStart(5, '0')}.copy.br`
  const path = join(folder, name)
  const rows = await reader.countRows(chunk)
  const [raw, packed] = [new Meter({ onBytes: onRead }), new Meter({ isHashed: true })]
  await pipeline(
    ...([
      await reader.copy(chunk),
      raw,
      gather(),
      createBrotliCompress(COMPRESSION),
      packed,
      createWriteStream(path),
    ] as const),
    { signal },
  )
  await flush(path)
  return { name, rows, rawBytes: raw.bytes, bytes: packed.bytes, sha256: packed.sha256() }
}

/** The manifest that names it must not be on the disk before it. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.sync().finally(() => file.close())
}
