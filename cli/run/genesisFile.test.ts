import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GenesisFileError, readGenesisFile } from './genesisFile.ts'

let path: string
beforeEach(() => (path = join(mkdtempSync(join(tmpdir(), 'zknode-genesis-')), 'genesis.json')))
afterEach(() => rmSync(join(path, '..'), { recursive: true, force: true }))

const address = `0x${'6'.repeat(40)}`
const root = `0x${'ab'.repeat(32)}`

function read(value: unknown) {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return readGenesisFile(path)
}

test('reads our form', () => {
  expect(read({ timestamp: 5, extraAccounts: 2, accounts: [{ address, balance: '7' }] })).toEqual({
    ...{ timestamp: 5, extraAccounts: 2 },
    accounts: [{ address, balance: '7', nonce: '0' }],
  })
})

test('reads the form of the public networks', () => {
  const storage = { '0x01': '0x02' }
  const account = { accountName: 'x', address, balance: '0x10', nonce: 3, bytecode: '0x60', storage }
  expect(read({ root, genesisBlockNumber: 5, genesis: [account] })).toEqual({
    root,
    accounts: [{ address, balance: '16', nonce: '3', code: '0x60', storage }],
  })
})

test.each([
  ['no accounts', { root }, 'has neither accounts nor genesis'],
  ['a wrong address', { accounts: [{ address: '0x1' }] }, 'accounts.0.address'],
  ['what is no JSON', '{', 'Cannot read the genesis file (network.genesisFile).'],
])('refuses %s and names it', (_, value, message) => {
  expect(() => read(value)).toThrow(GenesisFileError)
  expect(() => read(value)).toThrow(message)
})
