import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Prints `N passed, N failed` alone on the last line and leaves the same text in dist/test-summary.txt, where .ci/run finds
 * it. A file that could not be loaded and an error outside of tests count as failed; a run without any test fails.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failed += 1
      }
    }
    const summary = `${passed} passed, ${failed} failed`
    mkdirSync('dist', { recursive: true })
    writeFileSync('dist/test-summary.txt', `${summary}\n`)
    process.on('exit', (code) => {
      if (code === 0 && (failed > 0 || passed === 0)) process.exitCode = 1
      process.stdout.write(`\n${summary}\n`)
    })
  }
}
