import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { l1Check } from './l1Check.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function endpoint(chainId: string): Promise<string> {
  const server = createServer((_, response) => response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: chainId })))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-key`
}
const check = (...rpcUrls: string[]) => l1Check({ l1: { rpcUrls }, network: { l1ChainId: 5 } })()
const AWAY = 'http://127.0.0.1:1/secret-key'

test('one endpoint of the right chain is enough', async () => {
  expect(await check(AWAY, await endpoint('0x5'))).toEqual({ ok: true, endpoints: '1 of 2' })
})

test('none is not, and no URL is told', async () => {
  expect(await check(AWAY)).toEqual({ ok: false, error: 'no endpoint answers', endpoints: '0 of 1' })
  expect(await check(await endpoint('0x1'))).toEqual({
    ...{ ok: false, error: 'chain id is 1, not 5', endpoints: '0 of 1' },
  })
})
