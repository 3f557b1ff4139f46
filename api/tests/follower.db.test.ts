import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { addBlock, call, startTestApi, type TestApi, testConfig } from './testServer.ts'

const sender = addressOf(0x51)
let api: TestApi
let sequencer: Server
/** What the sequencer says of pending nonces; undefined: nothing, for ever. */
let pendingNonce: string | undefined
let follower: ApiServer
beforeAll(async () => {
  api = await startTestApi()
  sequencer = createServer((_, response) => {
    if (pendingNonce !== undefined) response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: pendingNonce }))
  }).listen(0, '127.0.0.1')
  await once(sequencer, 'listening')
  const rpcUrl = `http://127.0.0.1:${(sequencer.address() as AddressInfo).port}`
  const config = { ...testConfig(api.databaseUrl), role: 'permissionless' as const }
  follower = await startApiServer(
    parseConfig({ ...config, trustedSequencer: { rpcUrl, requestTimeoutMs: 300 } }),
    createLogger('api', 'fatal'),
    { withOps: false },
  )
  await addBlock(api.db, 1, {
    changes: {
      accounts: new Map([[sender, { nonce: 3n, balance: 1n, codeHash: ZERO_HASH, codeSize: 0 }]]),
      ...{ storage: [], codes: new Map() },
    },
  })
})
afterAll(async () => {
  await follower?.stop()
  sequencer?.closeAllConnections()
  sequencer?.close()
  await api?.close()
})

const ask = async (method: string, ...params: unknown[]) =>
  (await call(`http://127.0.0.1:${follower.port}`, method, ...params)).result

test('the sequencer knows pending nonces, but none is below what this node has', async () => {
  pendingNonce = '0x7'
  expect(await ask('eth_getTransactionCount', sender, 'pending')).toBe('0x7')
  pendingNonce = '0x2' // it is behind, or on another chain
  expect(await ask('eth_getTransactionCount', sender, 'pending')).toBe('0x3')
  pendingNonce = undefined
  expect(await ask('eth_getTransactionCount', sender, 'pending')).toBe('0x3')
})

test('what only the sequencer has is told so', async () => {
  const answer = await call(`http://127.0.0.1:${follower.port}`, 'zkevm_getProverInput', '0x1')
  expect(answer.error).toEqual({ code: -32004, message: 'method not supported: use the sequencer' })
  expect(await ask('zkevm_getBatchStatus', '0x1')).toMatchObject({ state: 'open', workflowId: null })
  expect(await ask('zkevm_syncStatus')).toMatchObject({ role: 'permissionless', synced: false })
})
