import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { hashOf } from '#test/blocks.ts'
import { createSequencerNode } from './sequencerNode.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server = undefined
})

/** A sequencer that gives one answer to everything. */
async function answering(body: string): Promise<string> {
  server = createServer((_, response) => response.end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const submit = (url: string | undefined) => createSequencerNode(url, 1000).intake.submit([Uint8Array.of(1)])

test('a transaction is handed on, and its hash comes back', async () => {
  const url = await answering(JSON.stringify({ jsonrpc: '2.0', id: 1, result: hashOf(5) }))
  expect(await submit(url)).toEqual([{ hash: hashOf(5) }])
})

test("the sequencer's refusal is the sender's answer", async () => {
  const error = { code: -32000, message: 'nonce too low: next nonce 1, tx nonce 0' }
  await expect(submit(await answering(JSON.stringify({ jsonrpc: '2.0', id: 1, error })))).rejects.toMatchObject({
    code: -32000,
    message: error.message,
  })
})

test('without a sequencer transactions are refused in words; one that is away is said to be away', async () => {
  await expect(submit(undefined)).rejects.toThrow(/this node takes no transactions/)
  await expect(submit('http://127.0.0.1:1')).rejects.toThrow(
    /^sequencer unavailable: the trusted sequencer does not answer/,
  )
  await expect(submit(await answering('<html>'))).rejects.toThrow(
    /^sequencer unavailable: the trusted sequencer does not answer/,
  )
  expect(await createSequencerNode('http://127.0.0.1:1', 1000).ask('eth_chainId', [])).toBeUndefined()
  expect(await createSequencerNode(undefined, 1000).ask('eth_chainId', [])).toBeUndefined()
})
