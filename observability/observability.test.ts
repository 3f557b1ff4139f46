import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { pagesReachedFrom } from '#test/runbookPages.ts'
import { RUNBOOK } from '#workflows/runbooks.ts'
import { createDashboard } from './dashboard.ts'
import { readAlerts, readDashboard } from './files.ts'
import { metricsOf } from './promql.ts'

const root = new URL('../', import.meta.url)

test('the dashboard is what `npm run dashboard` makes', () => {
  expect(readDashboard()).toEqual(createDashboard())
})

test('panels lie in rows of 24 columns, none on another', () => {
  const { panels } = readDashboard()
  const cells = new Map<string, string>()
  for (const { title, gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(x, title).toBeLessThan(24)
        expect(cells.get(`${x},${y}`), title).toBeUndefined()
        cells.set(`${x},${y}`, title)
      }
})

const UNITS: Readonly<Record<string, RegExp>> = {
  s: /_seconds(_bucket|_sum|_count)?$/,
  bytes: /_bytes$/,
  Bps: /_bytes_sum$/,
  reqps: /_total$/,
  percentunit: /_ratio$/,
}

test('panels have the unit of what they show', () => {
  const shown = readDashboard().panels.flatMap(({ title, targets = [], fieldConfig }) =>
    targets.flatMap(({ expr }) =>
      metricsOf(expr).map((metric) => ({ title, metric, unit: fieldConfig?.defaults.unit })),
    ),
  )
  const withUnit = shown.filter(({ unit }) => unit !== undefined && unit in UNITS)
  expect(new Set(withUnit.map(({ unit }) => unit))).toEqual(new Set(Object.keys(UNITS)))
  expect(withUnit.filter(({ metric, unit }) => !UNITS[unit!]!.test(metric))).toEqual([])
})

test('sizes that two processes of a node tell are counted once', () => {
  const exprs = readDashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const ofSizes = exprs.filter((expr) => metricsOf(expr).includes('db_size_bytes'))
  expect(ofSizes).toHaveLength(2)
  for (const expr of ofSizes) expect(expr).toContain('max by (table) (')
})

test.each(readAlerts())('$alert has a runbook', ({ annotations }) => {
  expect(annotations.runbook_url).toMatch(/^docs\/runbooks\/[\w-]+\.md$/)
  expect(existsSync(new URL(annotations.runbook_url, root))).toBe(true)
})

test.each(Object.entries(RUNBOOK))('the page of halted workflows leads from %s to %s', (reason, path) => {
  const page = readFileSync(new URL('docs/runbooks/halted.md', root), 'utf8')
  const row = page.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${reason}\``))
  expect(row).toContain(`](${basename(path)})`)
})

test('names of alerts are used once', () => {
  const names = readAlerts().map(({ alert }) => alert)
  expect(new Set(names).size).toBe(names.length)
})

test('each page of docs/runbooks is one of an alert or of a workflow that waits, or they lead to it', () => {
  const reached = pagesReachedFrom([
    ...Object.values(RUNBOOK),
    ...readAlerts().map((rule) => rule.annotations.runbook_url),
  ])
  expect([...reached].sort()).toEqual(readdirSync(new URL('docs/runbooks/', root)).sort())
})
