import { startVitest } from 'vitest/node'
import { vectorsFolder } from './load.ts'
import { folderDifferences, formatTable, tabulate } from './table.ts'

/** Files that hold vector tests, by a part of their path. */
const FILES = ['test/vectors/', '.vectors.test.ts']

/**
 * Runs the vector tests and prints what became of each kind, a vector counted once however many tests it has. The last line
 * is `N passed, N failed`; the exit code is 1 when anything failed or nothing passed. Folder: ZKNODE_VECTORS, see load.ts.
 */
async function main(): Promise<void> {
  const vitest = await startVitest('test', FILES, {
    run: true,
    watch: false,
    project: ['unit'],
    reporters: ['default'],
  })
  const { kinds, otherFailures } = tabulate(vitest.state.getTestModules())
  otherFailures.push(...vitest.state.getUnhandledErrors().map(String))
  await vitest.close()

  const { absent, other } = folderDifferences()
  const lines = ['', `Vectors of ${vectorsFolder()}`, '', formatTable(kinds)]
  if (absent.length > 0) lines.push('', `Kinds not in this folder: ${absent.join(', ')}`)
  if (other.length > 0) lines.push('', `Files of other kinds, not counted: ${other.join(', ')}`)
  if (otherFailures.length > 0)
    lines.push('', 'Failures of no single vector:', ...otherFailures.map((text) => `  ${text}`))
  const passed = kinds.reduce((sum, kind) => sum + kind.passed, 0)
  const failed = kinds.reduce((sum, kind) => sum + kind.failed, otherFailures.length)
  lines.push('', `${passed} passed, ${failed} failed`)
  process.stdout.write(`${lines.join('\n')}\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

await main()
