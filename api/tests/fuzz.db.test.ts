import { expect, test } from 'vitest'
import { fuzz } from '#test/fuzz/fuzz.ts'
import { addBlock, call, startTestApi } from './testServer.ts'

/** The long run is `npm run fuzz`. */
const REQUESTS = 2000

test('malformed and random requests get JSON-RPC answers that blame their sender', { timeout: 60_000 }, async () => {
  const namespaces = ['eth', 'net', 'web3', 'txpool', 'zkevm', 'debug', 'trace', 'ots']
  const api = await startTestApi({ config: { rpc: { namespaces } } })
  try {
    await addBlock(api.db, 1)
    const report = await fuzz(api, { requests: REQUESTS, seed: 1 })
    expect(report.faults).toEqual([])
    expect(report.http + report.webSocket + report.misbehaving).toBeGreaterThanOrEqual(REQUESTS)
    expect((await call(api.url, 'eth_blockNumber')).result).toBe('0x1')
  } finally {
    await api.close()
  }
})
