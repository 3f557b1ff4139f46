import type { WorkflowInfo } from '@temporalio/workflow'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseConfig } from '#config/load.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { startOtlpReceiver } from '#test/otlpReceiver.ts'
import { tellAnswered } from './requestSpans.ts'
import { tellMined } from './sequencerSpans.ts'
import { stageSpans } from './stageSpans.ts'
import { startTelemetry } from './telemetry.ts'

const { network } = parseConfig({
  network: {
    ...{ chainId: 1001, l1ChainId: 1337, l1StartBlock: 0, genesisFile: 'genesis.json' },
    contracts: Object.fromEntries(
      ['rollupManager', 'rollup', 'globalExitRoot', 'pol'].map((name, index) => [name, addressOf(index + 1)]),
    ) as never,
  },
  ...{ database: { url: 'postgres://127.0.0.1/x' }, l1: { rpcUrl: 'http://127.0.0.1:1' } },
})
const HASH = hashOf(7)
const CALLER = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) }
const sent = {
  ...{ method: 'eth_sendRawTransaction', transport: 'http', ms: 3, outcome: 'ok', result: HASH },
  traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
}

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>
beforeEach(async () => {
  receiver = await startOtlpReceiver()
})
afterEach(() => receiver.close())

const start = async (role: string, sampleRatio = 1) =>
  (await startTelemetry(role, { telemetry: { otlpUrl: receiver.url, sampleRatio }, network }))!

test('nothing is started without a collector', async () => {
  expect(await startTelemetry('api', { telemetry: { sampleRatio: 1 }, network })).toBeUndefined()
})

test('request, transaction and batch are one chain of traces, though two processes tell of them', async () => {
  const [api, sequencer] = [await start('api'), await start('sequencer')]
  tellAnswered(api, sent)
  tellMined(sequencer, { seconds: 0.1, batchNumber: 4, blockNumber: 9, transactions: [{ hash: HASH }] })
  await Promise.all([api.close(), sequencer.close()])
  const [request, pooled, mined] = ['eth_sendRawTransaction', 'pooled', 'mined'].map(
    (name) => receiver.spans.find((span) => span.name === name)!,
  )
  expect(request).toMatchObject({ traceId: CALLER.traceId, parentSpanId: CALLER.spanId, service: 'zknode-api' })
  expect(request!.links).toEqual([pooled!.traceId])
  expect(pooled!.parentSpanId ?? '').toBe('')
  expect(pooled!.links).toEqual([CALLER.traceId])
  expect(mined).toMatchObject({ traceId: pooled!.traceId, parentSpanId: pooled!.spanId, service: 'zknode-sequencer' })
  expect(mined!.links).toEqual([sequencer.batch(4).traceId])
  expect(mined!.attributes).toMatchObject({ 'zknode.block': 9, 'zknode.batch': 4 })
})

test('a stage of a batch hangs on the first span of the batch, with what asked for somebody', async () => {
  const [workflows, sequencer] = [await start('workflows'), await start('sequencer')]
  const { ended } = stageSpans(workflows).stages
  const info = { workflowId: 'batch-4', runId: 'run-1' } as WorkflowInfo
  const stage = { batchNumber: 4, startedAt: 1000, endedAt: 2500 }
  ended.fn(info, { ...stage, stage: 'proving', attention: undefined })
  ended.fn(info, { ...stage, stage: 'proof-failed', attention: 'proof-failed' })
  await Promise.all([workflows.close(), sequencer.close()])
  const root = sequencer.batch(4)
  const place = { 'temporal.workflow_id': 'batch-4', 'temporal.run_id': 'run-1', 'zknode.batch': 4 }
  const common = { traceId: root.traceId, parentSpanId: root.spanId, service: 'zknode-workflows' }
  const times = { startTimeUnixNano: '1000000000', endTimeUnixNano: '2500000000' }
  expect(receiver.spans).toMatchObject([
    { ...common, ...times, name: 'proving', attributes: place, status: { code: 0 } },
    {
      ...{ ...common, ...times, name: 'proof-failed', attributes: { ...place, 'zknode.attention': 'proof-failed' } },
      status: { code: 2, message: 'proof-failed' },
    },
  ])
  expect(receiver.spans[0]!.attributes).toEqual(place)
  expect(ended.callDuringReplay).toBe(false)
})

test('a worker without a collector takes what it is told of stages', () => {
  const stage = { batchNumber: 4, stage: 'sealed', attention: undefined, startedAt: 1, endedAt: 2 } as const
  expect(stageSpans(undefined).stages.ended.fn({} as WorkflowInfo, stage)).toBeUndefined()
})

test('a caller who is not traced is not traced here', async () => {
  const api = await start('api')
  tellAnswered(api, { ...sent, method: 'eth_chainId', traceparent: sent.traceparent.replace(/01$/, '00') })
  tellAnswered(api, { ...sent, method: 'eth_blockNumber', traceparent: 'nonsense', outcome: '-32005' })
  await api.close()
  expect(receiver.spans.map(({ name }) => name)).toEqual(['eth_blockNumber'])
})

test('every process decides alike what is sampled', async () => {
  const [one, other] = [await start('api', 0.5), await start('sequencer', 0.5)]
  const numbers = Array.from({ length: 400 }, (_, index) => index)
  const sampled = numbers.filter((number) => one.isSampled(one.batch(number)))
  expect(numbers.filter((number) => other.isSampled(other.batch(number)))).toEqual(sampled)
  expect(sampled.length).toBeGreaterThan(120)
  expect(sampled.length).toBeLessThan(280)
  const none = await start('api', 0)
  tellMined(none, { seconds: 1, batchNumber: 1, blockNumber: 1, transactions: [{ hash: HASH }] })
  await Promise.all([one, other, none].map((telemetry) => telemetry.close()))
  expect(receiver.spans).toEqual([])
})

test('a collector that is away holds nobody up', async () => {
  receiver.close()
  const api = await start('api')
  tellAnswered(api, sent)
  await api.close()
})
