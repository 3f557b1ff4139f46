import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decryptKeystore } from '#config/keystore.ts'
import {
  assertFree,
  KeystoreExistsError,
  KeystoreFolderError,
  KeystoreNotWrittenError,
  listKeystores,
  writeKeystore,
} from './keystoreFiles.ts'

const COST = { N: 2, r: 8, p: 1 }
const KEY = `0x${'11'.repeat(32)}` as const
const ADDRESS = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zknode-keystores-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string) => join(folder, name)

test('a keystore is for its owner alone, and opens again', async () => {
  const file = at('a.json')
  expect(await writeKeystore(file, KEY, 'right', COST)).toEqual({ address: ADDRESS, file })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await decryptKeystore(readFileSync(file, 'utf8'), 'right')).toBe(KEY)
})

test('what is there is never overwritten', async () => {
  writeFileSync(at('a.json'), 'the only copy')
  expect(() => assertFree(at('a.json'))).toThrow(KeystoreExistsError)
  await expect(writeKeystore(at('a.json'), KEY, 'right', COST)).rejects.toThrow(KeystoreExistsError)
  expect(readFileSync(at('a.json'), 'utf8')).toBe('the only copy')
  await expect(writeKeystore(at('none/a.json'), KEY, 'right', COST)).rejects.toThrow(KeystoreNotWrittenError)
})

test('keystores in a folder are listed by name; other files are passed over', async () => {
  await writeKeystore(at('b.json'), `0x${'22'.repeat(32)}`, 'right', COST)
  await writeKeystore(at('a.json'), KEY, 'other', COST)
  writeFileSync(at('password'), 'right')
  writeFileSync(at('other.json'), '{"version":3}')
  expect(listKeystores(folder)).toEqual([
    { address: ADDRESS, file: at('a.json') },
    { address: '0x1563915e194d8cfba1943570603f7606a3115508', file: at('b.json') },
  ])
  expect(() => listKeystores(at('none'))).toThrow(KeystoreFolderError)
})
