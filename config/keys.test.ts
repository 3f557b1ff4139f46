import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testConfig } from '#api/tests/testServer.ts'
import { ConfigError, loadConfig } from './load.ts'
import { redactConfig } from './redact.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

const held = `signer:0x${'Ab'.repeat(20)}`
const url = 'https://user:secret@signer.example:9000/'

function load(sections: object) {
  const path = join(folder, 'node.json')
  writeFileSync(path, JSON.stringify({ ...testConfig('postgres://db/zk'), l1: { rpcUrl: 'http://l1' }, ...sections }))
  return loadConfig(path, {})
}

test('keys are found from the file, wherever the process runs', () => {
  const tls = { caFile: 'ca.pem', certFile: 'node.pem', keyFile: '/etc/node.key' }
  const config = load({
    keys: { sequencer: held, aggregator: 'keystore:keys/a.json', attester: 'file:b', passwordFile: 'password' },
    signer: { url, tls },
    dev: { faucetKey: 'keystore:faucet.json' },
  })
  expect(config.keys).toEqual({
    sequencer: held,
    aggregator: `keystore:${join(folder, 'keys/a.json')}`,
    attester: `file:${join(folder, 'b')}`,
    passwordFile: join(folder, 'password'),
  })
  expect(config.signer).toEqual({
    ...{ url, requestTimeoutMs: 10_000 },
    tls: { caFile: join(folder, 'ca.pem'), certFile: join(folder, 'node.pem'), keyFile: '/etc/node.key' },
  })
  expect(config.dev.faucetKey).toBe(`keystore:${join(folder, 'faucet.json')}`)
  expect(redactConfig(config)).toMatchObject({
    keys: { sequencer: held },
    signer: { url: 'https://signer.example:9000/***' },
  })
})

test.each([
  [{ keys: { sequencer: held } }, `signer.url: set it: keys.sequencer is ${held}`],
  [
    { keys: { attester: held }, signer: { url } },
    'keys.attester: must be env:NAME, file:PATH or keystore:PATH: a remote',
  ],
  [
    { dev: { faucetKey: held }, signer: { url } },
    'dev.faucetKey: must be env:NAME, file:PATH or keystore:PATH: a remote',
  ],
  [
    { keys: { sequencer: 'signer:0x12' }, signer: { url } },
    'keys.sequencer: must be env:NAME, file:PATH or keystore:PATH, or',
  ],
  [{ keys: { sequencer: `0x${'11'.repeat(32)}` } }, 'keys never stand in the file itself'],
  [{ signer: { url: 'ftp://signer' } }, 'signer.url: must be an http:// or https:// URL'],
  [{ signer: { url, tls: { certFile: 'a' } } }, 'signer.tls: certFile and keyFile belong together'],
])('%j is refused', (sections, message) => {
  expect(() => load(sections)).toThrow(ConfigError)
  expect(() => load(sections)).toThrow(message)
})
