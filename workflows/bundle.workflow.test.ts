import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { buildWorkflowBundle } from '#workers/workflowBundle.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Temporal's own packages and what they need in the sandbox. */
const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']

let sources: string[]
beforeAll(async () => {
  const code = readFileSync(await buildWorkflowBundle(), 'utf8')
  const inline = code.slice(code.lastIndexOf('sourceMappingURL=')).match(/base64,([\w+/=]+)/)?.[1] ?? ''
  sources = JSON.parse(Buffer.from(inline, 'base64').toString()).sources
})

test('only workflows, protocol and common are in the bundle, no type import that became a value', () => {
  const own = sources.filter((source) => !source.includes('/node_modules/') && !source.startsWith('webpack/'))
  const rooms = new Set(own.map((source) => relative(ROOT, source).split('/')[0]))
  expect([...rooms]).toContain('workflows')
  expect([...rooms].filter((room) => !['workflows', 'protocol', 'common'].includes(room ?? ''))).toEqual([])
  expect(own.filter((source) => source.includes('.test.'))).toEqual([])
})

test('of packages, only those of Temporal are', () => {
  const packages = sources.flatMap((source) => source.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? [])
  expect([...new Set(packages)].filter((name) => !PACKAGES.includes(name))).toEqual([])
  expect(packages).toContain('@temporalio/workflow')
})
