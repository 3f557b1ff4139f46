import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RUNBOOK, runbookOf } from './runbooks.ts'

const root = new URL('../', import.meta.url)
const readPage = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8')
const pages = readdirSync(new URL('docs/runbooks/', root))

test.each(Object.entries(RUNBOOK))('%s has a page that names it', (attention, path) => {
  expect(readPage(path)).toContain(attention)
  expect(runbookOf(attention as keyof typeof RUNBOOK)).toBe(`What to do: \`${path}\`.`)
})

test('every page is that of an attention, or such a page leads to it', () => {
  const reached = new Set(Object.values(RUNBOOK).map((path) => basename(path)))
  for (const page of reached) // grows while it is read
    for (const [, linked] of readPage(`docs/runbooks/${page}`).matchAll(/\]\(([\w-]+\.md)[^)]*\)/g))
      reached.add(linked!)
  expect([...reached].sort()).toEqual(pages.sort())
})
