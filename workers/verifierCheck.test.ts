import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { parseConfig } from '#config/load.ts'
import type { VerifierKind } from '#config/schema.ts'
import { create, type L1Fixture, startL1 } from '#contracts/fixture.ts'
import { WrongL1Error } from '#etherman/errors.ts'
import { checkVerifier } from './verifierCheck.ts'

vi.setConfig({ hookTimeout: 120_000 })

let l1: L1Fixture
let mockVerifier: string
beforeAll(async () => {
  l1 = await startL1()
  mockVerifier = await (await create('MockVerifier', [], l1.admin)).getAddress()
})
afterAll(() => l1?.stop())

const logger = { info: vi.fn(), warn: vi.fn() }
beforeEach(() => void vi.clearAllMocks())

type Change = {
  kind?: VerifierKind
  verifier?: string
  attesters?: readonly string[]
  required?: number
  rpcUrl?: string
}

async function check(change: Change): Promise<void> {
  const { kind, verifier = l1.deployment.verifier, attesters, required = 2, rpcUrl = l1.url } = change
  const { rollupManager, rollup, globalExitRoot, pol, l1StartBlock } = l1.deployment
  const config = parseConfig({
    network: {
      ...{ chainId: 1001, l1ChainId: 1337, l1StartBlock, genesisFile: 'genesis.json', verifier: kind },
      contracts: { rollupManager, rollup, globalExitRoot, pol, verifier },
      attesters: attesters ?? l1.attesters.map(({ address }) => address),
      attestersRequired: required,
    },
    database: { url: 'postgres://db/zk' },
    l1: { rpcUrl, requestTimeoutMs: 1000 },
  })
  await checkVerifier(config, logger)
}

test('a verifier that counts attestations is told with its attesters', async () => {
  await check({})
  const attesters = l1.attesters.map(({ address }) => address.toLowerCase())
  const facts = { verifier: l1.deployment.verifier, attesters, threshold: 2 }
  expect(logger.info.mock.calls).toEqual([[facts, 'the verifier on L1 counts attestations']])
  expect(logger.warn).not.toHaveBeenCalled()
})

test('an attester that L1 does not know is warned of', async () => {
  const unknown = `0x${'77'.repeat(20)}`
  await check({ attesters: [unknown, l1.attesters[0]!.address] })
  expect(logger.warn.mock.calls).toMatchObject([[{ unknown: [unknown] }, expect.stringContaining('not count')]])
})

test('fewer attestations than L1 asks for are warned of', async () => {
  await check({ required: 1 })
  expect(logger.warn.mock.calls).toMatchObject([[{ threshold: 2 }, expect.stringContaining('asks for more')]])
})

test('another contract than a verifier of attestations is refused', async () => {
  await expect(check({ verifier: mockVerifier })).rejects.toThrow(WrongL1Error)
  await expect(check({ verifier: mockVerifier })).rejects.toThrow('does not count attestations')
  await expect(check({ verifier: `0x${'55'.repeat(20)}` })).rejects.toThrow('The contract does not answer')
})

test('a mock is warned of and not asked anything', async () => {
  await check({ kind: 'mock', verifier: mockVerifier, rpcUrl: 'http://127.0.0.1:1' })
  expect(logger.warn.mock.calls).toEqual([
    [{ verifier: mockVerifier.toLowerCase() }, expect.stringContaining('ANY proof')],
  ])
})

test('an L1 that is away does not keep a node from starting', async () => {
  await check({ rpcUrl: 'http://127.0.0.1:1' })
  expect(logger.warn.mock.calls).toMatchObject([[{}, 'L1 is away: its verifier is not checked']])
})
