import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import type { ConfigInput } from '#config/schema.ts'
import { openBatch } from '#db/batches.ts'
import { storeBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { initializeGenesis } from '#db/genesis.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { type Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { createResultCheck, type ResultCheck } from './checkResult.ts'

export const TEST_CHAIN_ID = 1001

type ConfigOverrides = Partial<Pick<ConfigInput, 'rpc' | 'pool' | 'role' | 'trustedSequencer' | 'statusPage'>>

export type TestApi = {
  db: Database
  databaseUrl: string
  url: string
  wsUrl: string
  server: ApiServer
  close: () => Promise<void>
}

/** An API on a free port over a database with genesis, these balances and an open batch 1. */
export async function startTestApi({
  balances = {},
  contracts = {},
  config = {},
}: {
  balances?: Record<Address, bigint>
  contracts?: Record<Address, Uint8Array>
  config?: ConfigOverrides
} = {}): Promise<TestApi> {
  const { db, url: databaseUrl, close } = await openTestDatabase()
  const accounts = new Map(
    Object.entries(balances).map(([address, balance]) => [
      address as Address,
      { nonce: 0n, balance, codeHash: ZERO_HASH, codeSize: 0 },
    ]),
  )
  const codes = new Map<Hash, Uint8Array>()
  for (const [address, code] of Object.entries(contracts)) {
    const codeHash = linearPoseidon(code)
    codes.set(codeHash, code)
    accounts.set(address as Address, { nonce: 1n, balance: 0n, codeHash, codeSize: code.length })
  }
  const identity = {
    chainId: TEST_CHAIN_ID,
    l1ChainId: 1337,
    rollupManager: addressOf(0xaa),
    rollupId: 1,
    genesisRoot: hashOf(2000),
  }
  const block = blockOf(0, 0, { changes: { accounts, storage: [], codes } })
  await initializeGenesis(db, identity, { forkId: 9, coinbase: addressOf(0), block })
  await openBatch(db, { batchNumber: BatchNumber(1), kind: 'trusted', forkId: 9, coinbase: addressOf(0xc0) })
  const server = await startApiOn(databaseUrl, config)
  return {
    db,
    databaseUrl,
    server,
    url: `http://127.0.0.1:${server.port}`,
    wsUrl: `ws://127.0.0.1:${server.port}/ws`,
    close: async () => {
      await server.stop()
      await close()
    },
  }
}

/** An API of its own on this database; there may be several. */
export const startApiOn = (databaseUrl: string, config: ConfigOverrides = {}): Promise<ApiServer> =>
  startApiServer(parseConfig(testConfig(databaseUrl, config)), createLogger('api', 'fatal'), { withOps: false })

/** Configuration of an API on free ports. */
export function testConfig(databaseUrl: string, overrides: ConfigOverrides = {}): ConfigInput {
  return {
    ...overrides,
    network: {
      chainId: TEST_CHAIN_ID,
      l1ChainId: 1337,
      contracts: {
        rollupManager: addressOf(0xaa),
        rollup: addressOf(0xab),
        globalExitRoot: addressOf(0xac),
        pol: addressOf(0xad),
      },
      l1StartBlock: 0,
      genesisFile: 'genesis.json',
    },
    database: { url: databaseUrl },
    l1: { rpcUrl: 'http://127.0.0.1:1' },
    temporal: { address: '127.0.0.1:1' },
    rpc: { port: 0, evmThreads: 1, drainDelayMs: 0, rateLimit: { enabled: false }, ...overrides.rpc },
    ops: { port: 0 },
  }
}

export type RpcAnswer = { id: unknown; result?: unknown; error?: { code: number; message: string; data?: unknown } }

/** One request, as bytes on the wire see it. Its result must have the form that rpc.discover tells. */
export async function call(url: string, method: string, ...params: unknown[]): Promise<RpcAnswer> {
  const answer = await post(url, method, params)
  if (answer.error === undefined) (await resultCheckOf(url))(method, answer.result)
  return answer
}

const resultChecks = new Map<string, Promise<ResultCheck>>()

function resultCheckOf(url: string): Promise<ResultCheck> {
  const known =
    resultChecks.get(url) ?? post(url, 'rpc.discover', []).then(({ result }) => createResultCheck(result as never))
  resultChecks.set(url, known)
  return known
}

async function post(url: string, method: string, params: readonly unknown[]): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  return (await response.json()) as RpcAnswer
}

/** Block 1 of batch 1 and so on: stores it as the sequencer does. */
export async function addBlock(db: Database, number: number, content: Parameters<typeof blockOf>[2] = {}) {
  await db.transaction((tx) => storeBlock(tx, blockOf(number, 1, content)))
}
