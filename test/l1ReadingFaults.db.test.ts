import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { type L1Fixture, read, regularBatch, sequence, startL1 } from '#contracts/fixture.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { findLastVirtualBatch } from '#db/l1.ts'
import { migrate } from '#db/migrate.ts'
import { ensureGenesisFile, type GenesisFile, genesisStateOf, storeGenesis } from '#devnet/genesis.ts'
import { createEtherman } from '#etherman/client.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { Synchronizer } from '#synchronizer/synchronizer.ts'
import { type FaultProxy, type Faults, startFaultProxy } from './faultProxy.ts'
import { createTestDatabase, type TestDatabase } from './postgres.ts'

/** A node that reads some hundred blocks of an L1 through an endpoint with faults. */
let folder: string
let genesis: GenesisFile
let genesisRoot: Hash
let l1: L1Fixture
let head: number
let state: TestDatabase
let db: Database
const opened: { close(): unknown }[] = []
const marker = regularBatch(bytesToHex(encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 0 })))
const mineEmpty = (count: number) => l1.provider.send('anvil_mine', [`0x${count.toString(16)}`])

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-faults-'))
  genesis = await ensureGenesisFile(join(folder, 'genesis.json'), 0, ZERO_HASH)
  genesisRoot = (await genesisStateOf(genesis)).root
  l1 = await startL1({ genesisRoot, verifier: 'mock', l2ChainId: 1001 })
  for (const batches of [1, 2, 3]) {
    await mineEmpty(120)
    await sequence(l1, new Array(batches).fill(marker))
  }
  await mineEmpty(30)
  head = await l1.provider.getBlockNumber()
}, 60_000)
beforeEach(async () => {
  state = await createTestDatabase()
  await migrate(state.url)
  const { rollupManager, rollupId } = l1.deployment
  await storeGenesis(state.url, genesis, { chainId: 1001, l1ChainId: 1337, rollupManager, rollupId, genesisRoot }, 9)
  db = connectDatabase(state.url, { maxConnections: 3, name: 'zknode-test' })
})
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
  await db.$client.end({ timeout: 1 })
  await state.drop()
})
afterAll(async () => {
  await l1.stop()
  rmSync(folder, { recursive: true })
})

async function proxy(faults: Faults = {}): Promise<FaultProxy> {
  const started = await startFaultProxy(l1.url, faults)
  opened.push(started)
  return started
}

/** Reads until everything is there, as the workflow has it tried again. Returns how often reading failed. */
async function readAll(endpoints: readonly FaultProxy[], requestTimeoutMs = 10_000): Promise<number> {
  const { rollupId, l1StartBlock, ...contracts } = l1.deployment
  const rpcUrls = endpoints.map(({ url }) => url)
  const etherman = createEtherman({ rpcUrls, contracts, rollupId, requestTimeoutMs, l1ChainId: 1337 })
  opened.unshift(etherman)
  const network = { chainId: 1001, forkId: 9, l1StartBlock }
  const synchronizer = new Synchronizer({
    db,
    etherman,
    network,
    maxBlockRange: 1000,
    logger: pino({ level: 'silent' }),
  })
  let failed = 0
  for (;;) {
    try {
      const { position } = await synchronizer.poll(() => {})
      if (position === head) break
    } catch (error) {
      expect(error).toMatchObject({ name: 'L1UnavailableError' })
      failed++
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const accInputHash = await read(l1.rollup, 'lastAccInputHash')
  expect(await findLastVirtualBatch(db)).toMatchObject({ batchNumber: 7, accInputHash })
  return failed
}

test('an endpoint that is away for a while', async () => {
  const endpoint = await proxy({ down: true })
  setTimeout(() => {
    endpoint.faults = {}
  }, 2000)
  expect(await readAll([endpoint])).toBeGreaterThan(2)
})

test('an endpoint that is cut off again and again', { timeout: 60_000 }, async () => {
  const endpoint = await proxy({ maxRange: 50 })
  const timer = setInterval(() => {
    endpoint.faults = endpoint.faults.down ? { maxRange: 50 } : { down: true }
  }, 400)
  await readAll([endpoint]).finally(() => clearInterval(timer))
})

test('HTTP 429 for every second call', async () => {
  const endpoint = await proxy({ limitEvery: 2, maxRange: 50 })
  expect(await readAll([endpoint])).toBe(0)
  expect(endpoint.limited).toBeGreaterThan(10)
})

test('five seconds for every answer', { timeout: 90_000 }, async () => {
  expect(await readAll([await proxy({ latencyMs: 5000 })])).toBe(0)
})

const refusal = (code: number, message: string) => () => ({ body: { error: { code, message } } })
test.each<[string, NonNullable<Faults['refuse']> | undefined]>([
  ['a limit of blocks', undefined],
  ['too many results', refusal(-32005, 'query returned more than 10000 results')],
  ['what it would take', refusal(-32000, 'too large: this block range should work: [0x1, 0x64]')],
  ['HTTP 413', () => ({ status: 413, body: 'Payload Too Large' })],
  ['a timeout of its gateway', () => ({ status: 504, body: '<html>' })],
  ['half an answer', () => ({ body: '{"result":[{"addr' })],
])('ranges over 100 blocks refused with %s', async (_, refuse) => {
  const endpoint = await proxy({ maxRange: 100, ...(refuse && { refuse }) })
  expect(await readAll([endpoint])).toBe(0)
  const searches = endpoint.calls.filter(({ method }) => method === 'eth_getLogs')
  expect(searches.length).toBeLessThan(15)
})

test('searches that never end over 100 blocks', async () => {
  const endpoint = await proxy()
  endpoint.faults.maxRange = 100
  endpoint.faults.refuse = () => new Promise(() => {}) as never
  expect(await readAll([endpoint], 500)).toBe(0)
})

test('of three endpoints one is away, one is behind, and the third takes over', async () => {
  const [away, behind, good] = [await proxy({ down: true }), await proxy({ behind: 40 }), await proxy()]
  expect(await readAll([away, behind, good])).toBe(0)
  expect(good.calls.some(({ method }) => method === 'eth_getLogs')).toBe(true)
})

test('the first endpoint dies in the middle of it', async () => {
  const [first, second] = [await proxy({ maxRange: 20 }), await proxy()]
  first.faults.answer = ({ method }) => {
    if (method === 'eth_getLogs' && first.calls.filter((call) => call.method === method).length > 9)
      first.faults = { down: true }
    return undefined
  }
  expect(await readAll([first, second])).toBe(0)
  expect(second.calls.some(({ method }) => method === 'eth_getLogs')).toBe(true)
})
