import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isError } from 'ethers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { L1Provider } from './l1Provider.ts'

const SECRET = 'Marked5ecret'
let server: Server
let provider: L1Provider

/** An L1 that answers each method so. */
const ANSWERS: Record<string, object> = {
  eth_chainId: { result: '0x539' },
  eth_blockNumber: { result: '0x10' },
  eth_call: {
    error: { code: 3, message: 'execution reverted', data: `0x08c379a0${'0'.repeat(62)}20${'0'.repeat(64)}` },
  },
  eth_getBalance: { error: { code: -32000, message: 'no such state' } },
}

beforeEach(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => (body += part))
    request.on('end', () => {
      const { id, method } = JSON.parse(body) as { id: number; method: string }
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...ANSWERS[method] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  provider = new L1Provider([`http://me:${SECRET}@127.0.0.1:${port}/${SECRET}?key=${SECRET}`])
})
afterEach(() => {
  provider.destroy()
  server.close()
})

const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )
const textOf = (error: Error) => `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`

test('answers come as ethers has them', async () => {
  expect(await provider.getBlockNumber()).toBe(16)
  expect((await provider.getNetwork()).chainId).toBe(1337n)
})

test('a revert is one for ethers', async () => {
  const error = await failureOf(provider.call({ to: `0x${'11'.repeat(20)}` }))
  expect(isError(error, 'CALL_EXCEPTION')).toBe(true)
  expect(textOf(error)).not.toContain(SECRET)
})

test('no failure has the URL in it', async () => {
  const refused = await failureOf(provider.getBalance(`0x${'11'.repeat(20)}`))
  expect(textOf(refused)).toContain('no such state')
  expect(textOf(refused)).not.toContain(SECRET)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const away = await failureOf(provider.send('eth_gasPrice', []))
  expect(away.message).toContain('L1 cannot be reached.')
  expect(textOf(away)).not.toContain(SECRET)
})
