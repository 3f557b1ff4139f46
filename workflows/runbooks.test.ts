import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RUNBOOK, runbookOf } from './runbooks.ts'

const root = new URL('../', import.meta.url)
const readPage = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8')

test.each(Object.entries(RUNBOOK))('%s has a page that names it', (attention, path) => {
  expect(readPage(path)).toContain(attention)
  expect(runbookOf(attention as keyof typeof RUNBOOK)).toBe(`What to do: \`${path}\`.`)
})
