import { expect, test } from 'vitest'
import { Address, Hash } from '#protocol/primitives.ts'
import { completeConfig, type Found, findCoinbase } from './completeConfig.ts'

const [verifier, coinbase] = [Address(`0x${'5'.repeat(40)}`), Address(`0x${'6'.repeat(40)}`)]
const root = Hash(`0x${'ab'.repeat(32)}`)
const found = {
  network: { l1ChainId: 1337, rollup: { verifier }, state: { root } },
  databaseUrl: 'postgres://own',
  temporal: { temporalAddress: '127.0.0.1:7', temporalNamespace: 'mine', temporalUiUrl: 'http://ui' },
  ...{ coinbase, genesisFile: '/data/genesis.json' },
} as Found

test('what the operator left out is filled in', () => {
  const sections = { network: { chainId: 1001, contracts: { rollup: '0x1' }, genesisFile: '/etc/g.json' } }
  expect(completeConfig(sections, found)).toEqual({
    network: {
      ...{ chainId: 1001, l1ChainId: 1337, genesisRoot: root, genesisFile: '/data/genesis.json' },
      contracts: { rollup: '0x1', verifier },
    },
    database: { url: 'postgres://own' },
    temporal: { address: '127.0.0.1:7', namespace: 'mine', uiUrl: 'http://ui' },
    sequencer: { coinbase },
  })
})

test('what the operator says stays, references as references', () => {
  const sections = {
    network: { contracts: {} },
    database: { url: 'file:/run/secrets/db', maxConnections: 3 },
    temporal: { uiUrl: 'http://own-ui' },
    sequencer: { coinbase: '0x7' },
    keys: { sequencer: 'env:KEY' },
  }
  expect(completeConfig(sections, { ...found, databaseUrl: undefined })).toMatchObject({
    database: { url: 'file:/run/secrets/db', maxConnections: 3 },
    temporal: { uiUrl: 'http://own-ui' },
    sequencer: { coinbase: '0x7' },
    keys: { sequencer: 'env:KEY' },
  })
})

test('fees go to the sequencer, where its key is at hand', () => {
  const [role, variable] = ['sequencer' as const, 'ZKNODE_TEST_COINBASE_KEY']
  process.env[variable] = `0x${'0'.repeat(63)}1`
  expect(findCoinbase({ role, keys: { sequencer: `env:${variable}` } })).toBe(
    '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  )
  delete process.env[variable]
  expect(findCoinbase({ role, keys: { sequencer: `env:${variable}` } })).toBeUndefined()
  expect(findCoinbase({ role, keys: {} })).toBeUndefined()
})
