import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import { cursors } from '#db/schema.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { startTestApi, type TestApi, testConfig } from './testServer.ts'

let api: TestApi
let follower: ApiServer
beforeAll(async () => {
  api = await startTestApi()
  const config = parseConfig({ ...testConfig(api.databaseUrl), role: 'permissionless' })
  follower = await startApiServer(config, createLogger('api', 'fatal'))
})
afterAll(async () => {
  await follower?.stop()
  await api?.close()
})

async function ask(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${follower.opsPort}${path}`, { headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const at = (position: number) => ({ name: 'synchronizer', position, target: 100 })

test('a node that follows is ready when L1 is read up to the limit', async () => {
  expect(await ask('/ready')).toMatchObject({
    status: 503,
    body: { status: 'not ready', checks: { sync: { ok: false, error: 'L1 was not read yet', limit: 50 } } },
  })
  await api.db.insert(cursors).values(at(49))
  expect(await ask('/ready')).toMatchObject({
    status: 503,
    body: { checks: { sync: { ok: false, error: 'too many L1 blocks to read', blocksBehind: 51 } } },
  })
  await api.db.update(cursors).set(at(50)).where(eq(cursors.name, 'synchronizer'))
  const since = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(await ask('/ready')).toMatchObject({
    status: 200,
    body: {
      status: 'ready',
      checks: {
        database: { ok: true, since },
        head: { ok: true, blockNumber: 0 },
        sync: { ok: true, since, blocksBehind: 50, limit: 50 },
        process: { ok: true, since },
      },
    },
  })
  expect(await ask('/health', { 'x-erigon-healthcheck': 'synced,check_block0' })).toMatchObject({
    status: 200,
    body: { synced: 'HEALTHY', check_block: 'HEALTHY', min_peer_count: 'DISABLED' },
  })
  expect((await ask('/health', { 'x-erigon-healthcheck': 'check_block1' })).status).toBe(500)
})

test('operators see what it is and how it was set up, others do not', async () => {
  expect((await ask('/status')).body).toMatchObject({
    ...{
      role: 'permissionless',
      chainId: 1001,
      verifier: 'attestation',
      forkId: 9,
      head: { number: 0 },
      batches: { trusted: 1, verified: 0 },
    },
    l1: { head: 100, processed: 50 },
  })
  expect((await ask('/config')).body).toMatchObject({ role: 'permissionless', rpc: { batch: { limit: 100 } } })
  expect((await fetch(`${api.url}/config`)).status).toBe(404)
  expect((await fetch(`${api.url}/status`)).status).toBe(404)
})
