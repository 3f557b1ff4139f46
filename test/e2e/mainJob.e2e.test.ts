import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readNetwork } from '#devnet/network.ts'
import { testMainJob } from '#test/mainJob.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'
import { startOtlpReceiver } from '#test/otlpReceiver.ts'

const PROCESSES = ['sequencer', 'api', 'synchronizer', 'workflows', 'prover', 'temporal', 'postgres']
let net: TestNetwork
let collector: Awaited<ReturnType<typeof startOtlpReceiver>>

beforeAll(async () => {
  collector = await startOtlpReceiver()
  net = await startTestNetwork({ options: { telemetry: { otlpUrl: collector.url } } })
})
afterAll(async () => {
  await net?.remove()
  collector?.close()
})

const { rpc, quantity, sendTransfer, batchOf, verified } = testMainJob(() => ({
  ...net,
  rpcUrls: [net.network.rpcUrl],
  proverConfig: join(net.folder, 'node.json'),
  provers: ['prover'],
  processes: PROCESSES,
}))

test('a transaction is followed from its request to the L1 transaction of its batch', async () => {
  const hash = await sendTransfer()
  const batch = await batchOf(hash)
  await verified(batch)
  const find = (name: string, key: string, value: unknown) =>
    collector.spans.find((span) => span.name === name && span.attributes[key] === value)
  const sequence = () => find('sendSequence', 'zknode.batch', batch)
  const verification = () => find('sendVerification', 'zknode.batch', batch)
  await until(() => sequence() !== undefined && verification() !== undefined, 20_000)
  const pooled = find('pooled', 'zknode.tx_hash', hash)!
  const mined = find('mined', 'zknode.tx_hash', hash)!
  expect(pooled.links.map((traceId) => collector.spans.find((span) => span.traceId === traceId)?.name)).toEqual([
    'eth_sendRawTransaction',
  ])
  expect(mined.traceId).toBe(pooled.traceId)
  expect(mined.links).toEqual([sequence()!.traceId])
  expect(verification()!.traceId).toBe(sequence()!.traceId)
  const { sendSequencesTxHash } = await rpc<{ sendSequencesTxHash: string }>('zkevm_getBatchByNumber', [
    `0x${batch.toString(16)}`,
  ])
  expect(sequence()!.attributes['zknode.l1_tx_hash']).toBe(sendSequencesTxHash)
  const trace = () => collector.spans.filter(({ traceId }) => traceId === mined.links[0])
  const STAGES = ['collecting', 'sealed', 'sequencing', 'proving']
  const stages = () => trace().flatMap(({ name }) => (STAGES.includes(name) ? [name] : []))
  const services = () => [...new Set(trace().map(({ service }) => service))].sort()
  await until(() => stages().length === STAGES.length && services().length === 4, 20_000) // each sends once a second
  expect(stages()).toEqual(STAGES)
  expect(services()).toEqual(['prover', 'sequencer', 'synchronizer', 'workflows'].map((role) => `zknode-${role}`))
})

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
