import { expect, test } from 'vitest'
import { testConfig } from '#api/tests/testServer.ts'
import { parseConfig } from './load.ts'
import { redactConfig } from './redact.ts'

test('what is shown of a configuration holds no password and no key of a provider', () => {
  const config = parseConfig({
    ...testConfig('postgres://node:secret@db.example:5432/zknode'),
    l1: { rpcUrls: ['https://l1.example/v3/secret', 'http://127.0.0.1:8545'] },
    trustedSequencer: { rpcUrl: 'https://secret@rpc.example/?key=secret' },
  })
  const shown = redactConfig(config)
  expect(JSON.stringify(shown)).not.toContain('secret')
  expect(shown).toMatchObject({
    database: { url: 'postgres://node:***@db.example:5432/zknode' },
    l1: { rpcUrls: ['https://l1.example/***', 'http://127.0.0.1:8545'] },
    trustedSequencer: { rpcUrl: 'https://rpc.example/***' },
    pool: { minGasPriceWei: '1000000000' },
  })
})
