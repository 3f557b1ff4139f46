import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testConfig } from '#api/tests/testServer.ts'
import { type Entry, listEntries } from './catalogue.ts'
import { loadConfig, loadNodeFile, parseConfig } from './load.ts'
import { redactConfig } from './redact.ts'
import type { Sections } from './sections.ts'

const SECRET = 'Marked5ecret'
const PRIVATE_KEY = `0x${'5ec4e7'.repeat(10)}5ec4`

let path: string
beforeEach(() => (path = join(mkdtempSync(join(tmpdir(), 'zknode-secrecy-')), 'zknode.yaml')))
afterEach(() => rmSync(join(path, '..'), { recursive: true, force: true }))

const base = () => JSON.parse(JSON.stringify(testConfig('postgres://db.example/zknode'))) as Sections
const options = listEntries().filter(({ options }) => options === undefined)

/** A copy with one option more, whatever sections it is in. */
function withOption({ path }: Pick<Entry, 'path'>, value: unknown): Sections {
  const copy = base()
  const parent = path.slice(0, -1).reduce<Record<string, unknown>>((section, name) => {
    section[name] ??= {}
    return section[name] as Record<string, unknown>
  }, copy)
  parent[path.at(-1)!] = value
  return copy
}

const write = (value: unknown) => writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))

/** What a user or a log sees of the failure: message, stack and causes. */
function failureOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const causes: string[] = []
    for (let inner = error as Error | undefined; inner !== undefined; inner = inner.cause as Error | undefined)
      causes.push(inner.message, inner.stack ?? '', JSON.stringify(inner))
    return causes.join('\n')
  }
  return ''
}

test.each(options.filter(({ kind }) => kind === 'url').map((option) => [option.path.join('.'), option] as const))(
  '%s is shown without what may be secret in it',
  (name, option) => {
    const isPostgres = name === 'database.url' || name === 'proofStore.url'
    const url = isPostgres
      ? `postgres://user:${SECRET}@db.example/zknode?password=${SECRET}`
      : `https://${SECRET}:${SECRET}@rpc.example/${SECRET}?key=${SECRET}`
    const config = withOption(option, option.type.startsWith('list') ? [url] : url)
    if (name === 'l1.rpcUrl') delete config['l1']!['rpcUrls']
    if (name === 'l1.rpcUrls') delete config['l1']!['rpcUrl']
    write(config)
    for (const loaded of [parseConfig(config), loadNodeFile(path, {}).config]) {
      expect(JSON.stringify(loaded, (_, value) => (typeof value === 'bigint' ? 0 : value))).toContain(SECRET)
      const shown = JSON.stringify(redactConfig(loaded))
      expect(shown).not.toContain(SECRET)
      expect(shown).toContain(isPostgres ? 'postgres://user:***@db.example/zknode?***' : 'https://rpc.example/***')
    }
  },
)

test.each(options.map((option) => [option.path.join('.'), option] as const))(
  '%s: a value that is refused is not repeated',
  (_, option) => {
    for (const value of [SECRET, PRIVATE_KEY, [SECRET], { [option.path.at(-1)!]: SECRET }]) {
      write(withOption(option, value))
      const failure = failureOf(() => loadConfig(path, {}))
      expect(failure).not.toContain(SECRET)
      if (option.kind !== 'path') expect(failure).not.toContain(PRIVATE_KEY)
    }
  },
)

test('of a file that is no YAML, nothing is repeated', () => {
  write(`database: { url: postgres://user:${SECRET}@db.example/zknode\nl1: [`)
  expect(failureOf(() => loadConfig(path, {}))).toMatch(/not YAML.*line/)
  expect(failureOf(() => loadConfig(path, {}))).not.toContain(SECRET)
})

test('a reference is shown as where it leads to, or not at all', () => {
  write({ ...withOption({ path: ['database', 'url'] }, 'env:DB'), keys: { sequencer: 'env:KEY' } })
  const env = { DB: `postgres://user:${SECRET}@db.example/zknode`, KEY: PRIVATE_KEY }
  expect(redactConfig(loadConfig(path, env))).toMatchObject({
    database: { url: 'postgres://user:***@db.example/zknode' },
    keys: { sequencer: 'env:KEY' },
  })
  const failure = failureOf(() => loadConfig(path, { ...env, DB: SECRET }))
  expect(failure).toContain('database.url')
  expect(failure).not.toContain(SECRET)
})
