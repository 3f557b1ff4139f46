import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** One file of conformance vectors. `fields` says what the members of a vector mean. */
export type VectorFile<T> = {
  kind: string
  fields: Record<string, string>
  count: number
  vectors: T[]
}

/** Folder of vectors: environment ZKNODE_VECTORS, else `../shared/vectors` seen from the repository root. */
export function vectorsFolder(): string {
  return process.env['ZKNODE_VECTORS'] ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url))
}

/**
 * Reads `<kind>.json` or `<kind>.json.gz`. `describeVectors` reports absence as a skipped test.
 * @returns undefined when the folder is absent, or when the folder ZKNODE_VECTORS names lacks the kind
 * @throws when the repository's own folder lacks the kind, or a file holds another number of vectors than it says
 */
export function loadVectors<T>(kind: string): VectorFile<T> | undefined {
  const folder = vectorsFolder()
  if (!existsSync(folder)) return undefined
  const plain = `${folder}/${kind}.json`
  if (process.env['ZKNODE_VECTORS'] !== undefined && !existsSync(plain) && !existsSync(`${plain}.gz`)) return undefined
  const text = existsSync(plain)
    ? readFileSync(plain, 'utf8')
    : gunzipSync(readFileSync(`${plain}.gz`)).toString('utf8')
  const file = JSON.parse(text) as VectorFile<T>
  if (file.vectors.length !== file.count)
    throw new Error(`${kind} holds ${file.vectors.length} of ${file.count} vectors`)
  return file
}
