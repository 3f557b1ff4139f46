import type { Progress } from './createSnapshot.ts'
import { withDiskErrors } from './diskErrors.ts'
import { inParallel } from './inParallel.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { checkSizes, nowhere, unpackFile } from './readFiles.ts'

type Options = { folder: string; jobs: number; onProgress?: (progress: Progress) => void; signal?: AbortSignal }

/** Compares every file with the manifest. @throws what reading a manifest and unpacking a file throw */
export const verifySnapshot = (options: Options): Promise<Manifest> =>
  withDiskErrors(options.folder, () => verifyFiles(options))

async function verifyFiles({ folder, jobs, onProgress = () => {}, signal }: Options): Promise<Manifest> {
  const manifest = readManifest(folder)
  checkSizes(folder, manifest)
  const files = manifest.tables.flatMap((table) => table.files)
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let doneBytes = 0
  const onBytes = (bytes: number) => {
    doneBytes += bytes
    onProgress({ stage: 'verifying', done: doneBytes, total: totalBytes, unit: 'bytes' })
  }
  await inParallel(
    files,
    jobs,
    async () => undefined,
    (_, file, stop) => unpackFile(folder, file, nowhere(), { signal: stop, onBytes }),
    signal ?? new AbortController().signal,
  )
  return manifest
}
