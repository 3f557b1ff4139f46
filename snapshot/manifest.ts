import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Address, Hash } from '#protocol/primitives.ts'
import { ManifestError, SnapshotIncompleteError } from './errors.ts'

/** Of the folder's form; another one is refused. */
export const FORMAT = 1
export const MANIFEST_FILE = 'manifest.json'
/** There while a snapshot is being written. */
export const UNFINISHED_FILE = 'unfinished.json'

const hash = z.string().transform(Hash)
const address = z.string().transform(Address)
const count = z.int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const onL1 = { l1BlockNumber: count }

const factsSchema = z.strictObject({
  network: z.strictObject({
    ...{ chainId: count, l1ChainId: count, rollupManager: address, rollupId: count, genesisRoot: hash },
  }),
  lastBlock: z.strictObject({ blockNumber: count, hash, stateRoot: hash }),
  lastBatch: count,
  closed: z.strictObject({ batchNumber: count, stateRoot: hash }).nullable(),
  virtual: z.strictObject({ batchNumber: count, accInputHash: hash, ...onL1 }).nullable(),
  verified: z.strictObject({ batchNumber: count, stateRoot: hash, exitRoot: hash, ...onL1 }).nullable(),
  oldestBlock: count,
  l1Blocks: z.array(z.strictObject({ blockNumber: count, hash })),
  sequences: z.array(z.strictObject({ toBatch: count, accInputHash: hash, ...onL1 })),
  verifications: z.array(z.strictObject({ toBatch: count, stateRoot: hash, ...onL1 })),
})

const fileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]+\.[a-z0-9_]+\.\d+\.copy\.br$/),
  rows: count,
  /** As COPY gave it. */
  rawBytes: count,
  /** Of the file. */
  bytes: count,
  sha256,
})

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  createdAt: z.iso.datetime(),
  /** Version of the node that wrote it. */
  version: z.string(),
  /** Hashes of the migrations that made the schema. */
  migrations: z.array(sha256),
  facts: factsSchema,
  /** Last values of the sequences that number rows; null where none was taken. */
  sequences: z.record(z.string(), count.nullable()),
  tables: z.array(
    z.strictObject({ name: z.string(), columns: z.array(z.string()), rows: count, files: z.array(fileSchema) }),
  ),
  /** Tables of the State DB that are not in it, and why. */
  leftOut: z.record(z.string(), z.string()),
})

export type Manifest = z.infer<typeof manifestSchema>
export type SnapshotFile = z.infer<typeof fileSchema>

const digestOf = (manifest: unknown) => createHash('sha256').update(JSON.stringify(manifest)).digest('hex')

/** What names a snapshot: other content has another one. */
export const snapshotId = digestOf as (manifest: Manifest) => string

/** The file appears whole or not at all. */
export function writeManifest(folder: string, manifest: Manifest): void {
  const path = join(folder, MANIFEST_FILE)
  writeFileSync(`${path}.tmp`, `${JSON.stringify({ ...manifest, digest: digestOf(manifest) }, null, 1)}\n`, {
    flush: true,
  })
  renameSync(`${path}.tmp`, path)
}

/** @throws {SnapshotIncompleteError} @throws {ManifestError} */
export function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST_FILE)
  if (!existsSync(path)) {
    const isUnfinished = existsSync(join(folder, UNFINISHED_FILE))
    throw new SnapshotIncompleteError(
      isUnfinished
        ? 'The snapshot was not finished, or is being written: create it again.'
        : 'There is no snapshot: the folder has no manifest.',
      { facts: { folder } },
    )
  }
  const { digest, ...content } = parseJson(path)
  const actual = digestOf(content)
  if (content['format'] !== FORMAT)
    throw new ManifestError('The snapshot is of a form that this version does not read.', {
      facts: { format: String(content['format']), reads: FORMAT },
    })
  if (digest !== actual)
    throw new ManifestError('The manifest was changed or damaged.', { facts: { digest: String(digest), actual } })
  const result = manifestSchema.safeParse(content)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new ManifestError('The manifest is not of the form of a manifest.', {
    facts: { field: issue!.path.join('.'), problem: issue!.message },
  })
}

function parseJson(path: string): Record<string, unknown> {
  const text = readFileSync(path, 'utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (cause) {
    throw new ManifestError('The manifest is not JSON.', { cause, facts: { reason: (cause as Error).message } })
  }
  throw new ManifestError('The manifest is not a JSON object.')
}
