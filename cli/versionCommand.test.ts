import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCommit, formatVersion, readVersion } from './versionCommand.ts'

test('the commit is that of the image, else of the files, else unknown', () => {
  expect(findCommit({ ZKNODE_COMMIT: 'abc' })).toBe('abc')
  const folder = mkdtempSync(join(tmpdir(), 'zknode-'))
  expect(findCommit({}, folder)).toBeUndefined()
  rmSync(folder, { recursive: true })
})

test('a version says what helpers ask for', () => {
  expect(readVersion()).toMatchObject({ version: '0.1.0', node: process.version })
  const version = { version: '1.2.3', commit: 'abc', node: 'v20', platform: 'linux-x64', forkIds: [9, 12] }
  expect(formatVersion(version)).toEqual(['zkNode 1.2.3 (abc), Node.js v20, linux-x64', 'Forks 9, 12'])
  expect(formatVersion({ ...version, commit: null })[0]).toBe('zkNode 1.2.3, Node.js v20, linux-x64')
})
