import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listEntries } from './catalogue.ts'
import { PAGE, renewPage } from './page.ts'

const page = readFileSync(new URL(`../${PAGE}`, import.meta.url), 'utf8')

test('the page is what `npm run docs` makes of the schema', () => {
  expect(renewPage(page)).toBe(page)
})

test('an option that changed makes it another one', () => {
  expect(renewPage(page.replace('`l1StartBlock`', '`startBlock`'))).toBe(page)
  expect(renewPage('# Prose\n')).toMatch(/^# Prose\n<!-- .*\n\n\| option \| type \|/)
})

test('every option has a text', () => {
  expect(listEntries().filter(({ text }) => text === '')).toEqual([])
})
