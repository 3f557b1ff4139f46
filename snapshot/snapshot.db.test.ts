import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NodeError } from '#common/errors.ts'
import { findBatch } from '#db/batches.ts'
import { getLastBlock } from '#db/blocks.ts'
import { findLastVerifiedBatch, findLastVirtualBatch } from '#db/l1.ts'
import { migrate, RestoreUnfinishedError } from '#db/migrate.ts'
import { findSignals } from '#db/outbox.ts'
import { findFirstUsedTable, findLoadedFiles } from '#db/restoring.ts'
import { BatchNumber, Hash } from '#protocol/primitives.ts'
import { adoptBatches } from '#synchronizer/adoptBatches.ts'
import { ChainToSave, describeSchema, digestTables, onDatabase } from './chainToSave.fixture.ts'
import { createSnapshot } from './createSnapshot.ts'
import {
  ManifestError,
  RestoreTargetError,
  SnapshotDiskError,
  SnapshotFileError,
  SnapshotFolderError,
  SnapshotIncompleteError,
  SnapshotL1Error,
  SnapshotNetworkError,
  SnapshotSchemaError,
} from './errors.ts'
import { MANIFEST_FILE, type Manifest, UNFINISHED_FILE, writeManifest } from './manifest.ts'
import { restoreSnapshot } from './restoreSnapshot.ts'
import { verifySnapshot } from './verifySnapshot.ts'

const BATCHES = 110
const TIMEOUT_MS = 120_000

let chain: ChainToSave
let saved: { folder: string; manifest: Manifest; digests: Record<string, string> }
beforeAll(async () => {
  chain = await ChainToSave.start()
  await chain.addBatches(BATCHES)
  await chain.l1.sequence(chain.node, 100, 7)
  await chain.l1.verify(chain.node, 1, 92) // where a sequence ends
  await chain.node.poll()
  const folder = chain.folder()
  const manifest = await createSnapshot(chain.toCreate(folder))
  saved = { folder, manifest, digests: await digestTables(chain.databaseUrl) }
}, TIMEOUT_MS)
afterAll(() => chain?.stop())

const restore = (folder: string, url: string, changed: object = {}) =>
  restoreSnapshot({ ...chain.toRestore(folder, url), ...changed })
/** To be damaged. */
const copyOfSnapshot = (): string => {
  const folder = chain.folder()
  cpSync(saved.folder, folder, { recursive: true })
  return folder
}

test(
  'a database restored elsewhere has the same tables, indexes and constraints',
  async () => {
    const { folder, manifest, digests } = saved
    expect(manifest.facts).toMatchObject({
      ...{ network: { chainId: 1001 }, lastBatch: BATCHES + 2, closed: { batchNumber: BATCHES + 2 } },
      ...{ virtual: { batchNumber: 100 }, verified: { batchNumber: 92 }, oldestBlock: 0 },
    })
    expect(readdirSync(folder)).not.toContain(UNFINISHED_FILE)
    const files = manifest.tables.flatMap((table) => table.files)
    const sum = (key: 'bytes' | 'rawBytes') => files.reduce((total, file) => total + file[key], 0)
    expect(sum('bytes')).toBeLessThan(sum('rawBytes') / 2)
    expect(manifest.tables.find(({ name }) => name === 'tree.nodes')!.files.length).toBeGreaterThan(3)
    expect(await verifySnapshot({ folder, jobs: 2 })).toEqual(manifest)
    const url = await chain.emptyDatabase()
    const restored = await restore(folder, url)
    expect(restored).toMatchObject({ resumed: false, l1: { sequences: 16, verifications: 1 } })
    expect(await digestTables(url)).toEqual(digests)
    expect(await describeSchema(url)).toEqual(await describeSchema(chain.databaseUrl))
    await migrate(url) // as a node does at its start
    await expect(restore(folder, url)).rejects.toThrow(RestoreTargetError)
  },
  TIMEOUT_MS,
)

test(
  'taken while batches are made, it is of one moment, and the restored node follows L1',
  async () => {
    const [folder, url] = [chain.folder(), await chain.emptyDatabase()]
    let isBegun = () => {}
    const begun = new Promise<void>((resolve) => {
      isBegun = resolve
    })
    const writing = begun.then(() => chain.addBatches(6))
    const { facts } = await createSnapshot({ ...chain.toCreate(folder), jobs: 1, onProgress: () => isBegun() })
    await writing
    await restore(folder, url)
    expect(facts.lastBlock.blockNumber).toBeLessThan((await onDatabase(chain.databaseUrl, getLastBlock)).blockNumber)

    await chain.l1.sequence(chain.node, chain.lastBatch, 7)
    await chain.l1.verify(chain.node, 93, chain.lastBatch)
    await chain.node.poll()
    const follower = await chain.l1.openNode(url)
    await follower.poll()
    expect((await findLastVirtualBatch(follower.db))?.batchNumber).toBe(chain.lastBatch)
    expect(await findLastVerifiedBatch(follower.db)).toBe(chain.lastBatch)
    await follower.close()
    const [ours, theirs] = [await digestTables(url), await digestTables(chain.databaseUrl)]
    for (const table of ['accounts', 'storage', 'logs', 'virtual_batches', 'sequences', 'verifications'])
      expect(ours[`state.${table}`]).toBe(theirs[`state.${table}`])
  },
  TIMEOUT_MS,
)

test(
  'a sequencer gets workflows for what is not verified, and has checked again what has no witness',
  async () => {
    const url = await chain.emptyDatabase()
    await restore(saved.folder, url)
    const adopted = await onDatabase(url, (db) => adoptBatches(db, temporalThatKnows([95])))
    const signals = await onDatabase(url, (db) => findSignals(db))
    const expected = [
      ...[93, 94, 96, 97, 98, 99, 100].map((number) => `l1Virtualized ${number}`),
      ...Array.from({ length: BATCHES + 2 - 100 }, (_, index) => `l1Reorged ${101 + index}`),
    ]
    expect(signals.map(({ signal, batchNumber }) => `${signal} ${batchNumber}`)).toEqual(expected)
    expect(adopted).toEqual(signals.map(({ batchNumber }) => batchNumber))
    expect((await onDatabase(url, (db) => findBatch(db, BatchNumber(93))))?.checkedAt).toBeNull()
  },
  TIMEOUT_MS,
)

/** Temporal, with workflows of these batches alone. */
function temporalThatKnows(batchNumbers: readonly number[]) {
  const describe = async (workflowId: string) => {
    if (!batchNumbers.some((number) => workflowId === `batch-${number}`))
      throw new WorkflowNotFoundError('not found', workflowId, undefined)
  }
  const getHandle = (workflowId: string) => ({ describe: () => describe(workflowId) })
  return { workflow: { getHandle } } as unknown as Client
}

test(
  'killed in the middle of each stage, it goes on with what is in',
  async () => {
    const url = await chain.emptyDatabase()
    const { etherman: _, ...options } = chain.toRestore(saved.folder, url)
    expect(await chain.runKilled({ stage: 'loading', restore: { ...options, jobs: 1 } })).toBe('SIGKILL')
    const loaded = await onDatabase(url, findLoadedFiles)
    expect(loaded.size).toBeGreaterThan(0)
    expect(loaded.size).toBeLessThan(saved.manifest.tables.flatMap(({ files }) => files).length)
    await expect(migrate(url)).rejects.toThrow(RestoreUnfinishedError)
    expect(await chain.runKilled({ stage: 'building indexes', restore: options })).toBe('SIGKILL')
    expect(await restore(saved.folder, url)).toMatchObject({ resumed: true })
    expect(await digestTables(url)).toEqual(saved.digests)
    expect(await describeSchema(url)).toEqual(await describeSchema(chain.databaseUrl))
  },
  TIMEOUT_MS,
)

test(
  'of a killed creation nothing is taken for a snapshot, and the next one takes its place',
  async () => {
    const folder = chain.folder()
    expect(await chain.runKilled({ stage: 'writing', create: chain.toCreate(folder) })).toBe('SIGKILL')
    expect(readdirSync(folder)).toContain(UNFINISHED_FILE)
    await expect(verifySnapshot({ folder, jobs: 1 })).rejects.toThrow(SnapshotIncompleteError)
    await expect(restore(folder, await chain.emptyDatabase())).rejects.toThrow(SnapshotIncompleteError)
    await createSnapshot(chain.toCreate(folder))
    expect(readdirSync(folder)).not.toContain(UNFINISHED_FILE)
    await verifySnapshot({ folder, jobs: 1 })
    await expect(createSnapshot(chain.toCreate(folder))).rejects.toThrow(SnapshotFolderError)
  },
  TIMEOUT_MS,
)

test('a disk that is full ends the creation with a word of it, and leaves an empty folder', async () => {
  const folder = chain.folder()
  const onProgress = () => {
    const path = join(folder, largest())
    if (!existsSync(path)) symlinkSync('/dev/full', path)
  }
  await expect(createSnapshot({ ...chain.toCreate(folder), jobs: 1, onProgress })).rejects.toThrow(
    `The disk of the snapshot is full. folder=${folder} error=ENOSPC`,
  )
  expect(readdirSync(folder)).toEqual([])
})

test('a folder that is none, and files that cannot be read, are told as such', async () => {
  const folder = copyOfSnapshot()
  const file = join(folder, MANIFEST_FILE)
  for (const path of [file, join(file, 'below')])
    await expect(createSnapshot(chain.toCreate(path))).rejects.toThrow(
      `The folder of the snapshot cannot be used. folder=${path} error=E`,
    )
  rmSync(file)
  mkdirSync(file)
  await expect(verifySnapshot({ folder, jobs: 1 })).rejects.toThrow(SnapshotDiskError)
  await expect(restore(folder, await chain.emptyDatabase())).rejects.toThrow(SnapshotDiskError)
})

test('one that is stopped leaves an empty folder', async () => {
  const [folder, stop] = [chain.folder(), new AbortController()]
  const onProgress = () => stop.abort(new Error('stopped'))
  await expect(createSnapshot({ ...chain.toCreate(folder), onProgress, signal: stop.signal })).rejects.toThrow(
    'stopped',
  )
  expect(readdirSync(folder)).toEqual([])
})

const largest = (): string => join(saved.manifest.tables.find(({ name }) => name === 'tree.nodes')!.files.at(-1)!.name)
const flipBit = (path: string, at: number) => {
  const bytes = readFileSync(path)
  bytes[at]! ^= 1
  writeFileSync(path, bytes)
}

test.each<[string, (folder: string) => void]>([
  ['a bit of a file is flipped', (folder) => flipBit(join(folder, largest()), 2000)],
  [
    'the check sum of a file is flipped',
    (folder) => flipBit(join(folder, largest()), readFileSync(join(folder, largest())).length - 6),
  ],
  ['a file is cut', (folder) => truncateSync(join(folder, largest()), 1000)],
  ['a file is missing', (folder) => rmSync(join(folder, largest()))],
  [
    'a file is another one of the same size',
    (folder) => writeFileSync(join(folder, largest()), Buffer.alloc(readFileSync(join(folder, largest())).length)),
  ],
])(
  'when %s, nothing of it can be used, and the repaired snapshot goes on',
  async (_, damage) => {
    const [folder, url] = [copyOfSnapshot(), await chain.emptyDatabase()]
    damage(folder)
    await expect(verifySnapshot({ folder, jobs: 1 })).rejects.toThrow(SnapshotFileError)
    await expect(restore(folder, url)).rejects.toThrow(new RegExp(`damaged|missing|size.*${largest()}`))
    await expect(digestTables(url)).resolves.toEqual({})
    copyFileSync(join(saved.folder, largest()), join(folder, largest()))
    await restore(folder, url)
    expect(await digestTables(url)).toEqual(saved.digests)
  },
  TIMEOUT_MS,
)

test.each<[string, (folder: string) => void, typeof NodeError]>([
  ['is damaged', (folder) => flipBit(join(folder, MANIFEST_FILE), 300), ManifestError],
  ['is cut', (folder) => truncateSync(join(folder, MANIFEST_FILE), 500), ManifestError],
  ['is of another form', (folder) => rewrite(folder, { format: 2 }), ManifestError],
  ['lacks a field', (folder) => rewrite(folder, { sequences: undefined }), ManifestError],
  ['is missing', (folder) => rmSync(join(folder, MANIFEST_FILE)), SnapshotIncompleteError],
  ['is of a later version', (folder) => rewrite(folder, { migrations: ['0'.repeat(64)] }), SnapshotSchemaError],
  ['has other tables', (folder) => rewrite(folder, { tables: saved.manifest.tables.slice(1) }), SnapshotSchemaError],
  ['has another end', (folder) => rewrite(folder, { facts: withRoot() }), SnapshotL1Error],
])('a manifest that %s is refused', async (_, damage, error) => {
  const [folder, url] = [copyOfSnapshot(), await chain.emptyDatabase()]
  damage(folder)
  await expect(restore(folder, url)).rejects.toThrow(error)
  await expect(onDatabase(url, findFirstUsedTable)).resolves.toBeUndefined()
})

const rewrite = (folder: string, changed: object) =>
  writeManifest(folder, { ...saved.manifest, ...changed } as Manifest)
function withRoot() {
  const { facts } = saved.manifest
  const [last, ...others] = facts.verifications
  return { ...facts, verifications: [{ ...last!, stateRoot: Hash(`0x${'12'.repeat(32)}`) }, ...others] }
}

test.each(['chainId', 'l1ChainId', 'rollupId'] as const)('a snapshot of another %s is refused', async (fact) => {
  const network = chain.network({ [fact]: 77 })
  await expect(restore(saved.folder, await chain.emptyDatabase(), { network })).rejects.toThrow(SnapshotNetworkError)
  const folder = chain.folder()
  await expect(createSnapshot({ ...chain.toCreate(folder), network })).rejects.toThrow(SnapshotNetworkError)
  expect(existsSync(join(folder, UNFINISHED_FILE))).toBe(false)
})
