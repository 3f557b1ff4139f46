import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readNetwork } from '#devnet/network.ts'
import { testMainJob } from '#test/mainJob.ts'
import { startTestNetwork, type TestNetwork } from '#test/network.ts'

const PROCESSES = ['sequencer', 'api', 'synchronizer', 'workflows', 'prover', 'temporal', 'postgres']
let net: TestNetwork

beforeAll(async () => {
  net = await startTestNetwork()
})
afterAll(() => net?.remove())

const { quantity, sendTransfer, batchOf, verified } = testMainJob(() => ({
  ...net,
  rpcUrls: [net.network.rpcUrl],
  proverConfig: join(net.folder, 'node.json'),
  provers: ['prover'],
  processes: PROCESSES,
}))

test('Ctrl-C leaves nothing behind, and the next start goes on with the same chain', async () => {
  const pids = [...PROCESSES, 'anvil'].map(net.pidOf)
  const [block, hash] = [await quantity('eth_blockNumber'), await sendTransfer()]
  const batch = await batchOf(hash)
  expect(await net.interrupt()).toBe(0)
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow()
  await net.restart()
  net.network = readNetwork(net.folder)
  expect(await quantity('eth_blockNumber')).toBeGreaterThan(block)
  expect(await batchOf(hash)).toBe(batch)
  await verified(await batchOf(await sendTransfer()))
})
