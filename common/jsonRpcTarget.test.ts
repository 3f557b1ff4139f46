import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { jsonRpcTarget } from './jsonRpcTarget.ts'

const request = { id: 7, method: 'eth_chainId', params: [] }
const signal = new AbortController().signal

test('user and password become a header, everything else of the URL stays', async () => {
  const seen: unknown[] = []
  const server = createServer((incoming, answer) => {
    incoming.on('data', (body: Buffer) => {
      seen.push(incoming.url, incoming.headers.authorization, JSON.parse(body.toString()))
      answer.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const target = jsonRpcTarget(`http://me:p%40ss@127.0.0.1:${port}/v3/key?a=b`)
  expect(target.host).toBe(`127.0.0.1:${port}`)
  await target.post(request, signal)
  server.close()
  expect(seen).toEqual([
    ...['/v3/key?a=b', `Basic ${Buffer.from('me:p@ss').toString('base64')}`],
    { jsonrpc: '2.0', ...request },
  ])
})

test('a failure tells nothing of what is secret in the URL', async () => {
  const error: Error = await jsonRpcTarget('http://me:secret@127.0.0.1:1/secret?key=secret')
    .post(request, signal)
    .then(
      () => expect.unreachable(),
      (error) => error,
    )
  expect(`${error.message} ${error.stack} ${JSON.stringify(error.cause)} ${String(error.cause)}`).not.toContain(
    'secret',
  )
})
