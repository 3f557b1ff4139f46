import { describe, test } from 'vitest'
import { type VectorFile, vectorsFolder } from './load.ts'

/** A suite over one file of vectors; without the file, one test reported as skipped that says where it was looked for. */
export function describeVectors(kind: string, file: VectorFile<unknown> | undefined, define: () => void): void {
  if (file === undefined) test.skip(`${kind}: no vectors in ${vectorsFolder()}`, () => {})
  else describe(kind, define)
}
