import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { readUsedMetrics } from '#observability/files.ts'
import { namesIn } from '#observability/promql.ts'
import { createTestNamespace } from '#test/temporal.ts'
import { eventually } from '#test/workflowRun.ts'
import { type CoreMetrics, createCoreMetrics, workflowFailures } from '#workers/coreMetrics.ts'
import { installTemporalRuntime } from '#workers/temporal.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { addHaltedMetrics } from './metrics/temporalMetrics.ts'
import { createTemporalView, haltedCheck, type TemporalView } from './temporalView.ts'

let core: CoreMetrics
let client: Client
let view: TemporalView
let connection: NativeConnection
let worker: Worker
let running: Promise<void>
beforeAll(async () => {
  core = await createCoreMetrics()
  installTemporalRuntime(createLogger('test', 'silent'), core)
  const temporal = await createTestNamespace()
  const { address, namespace } = temporal
  view = createTemporalView({ temporal }, { rememberedMs: 0 })
  connection = await NativeConnection.connect({ address })
  client = new Client({ connection, namespace })
  worker = await Worker.create({
    ...{ connection, namespace, taskQueue: TASK_QUEUE.sequencer, shutdownGraceTime: 0 },
    workflowsPath: fileURLToPath(new URL('./waiting.fixture.ts', import.meta.url)),
    activities: {
      fail: () => {
        throw new Error('on purpose')
      },
    },
  })
  running = worker.run()
})
afterAll(async () => {
  worker?.shutdown()
  await running
  await view?.close()
  await connection?.close()
})
const start = (type: string, workflowId: string) =>
  client.workflow.start(type, { workflowId, taskQueue: TASK_QUEUE.sequencer, args: [] })

test('what waits for somebody is named with its page, until it is mended', async () => {
  expect(await view.check()).toEqual({ ok: true })
  expect(await haltedCheck(view)()).toEqual({ ok: true })
  const parked = await start('parkedWorkflow', 'batch-7')
  const halted = { workflowId: 'batch-7', reason: 'proof-failed', runbook: 'docs/runbooks/proof-failed.md' }
  await eventually(async () => expect(await view.listHalted()).toEqual([halted]))
  expect(await haltedCheck(view)()).toEqual({
    ok: false,
    error: 'workflows wait for somebody: proof-failed',
    workflows: [halted],
  })
  expect(await haltedCheck(view, ['sync-failed'])()).toEqual({ ok: true })
  const registry = new Registry()
  addHaltedMetrics(registry, view)
  const metrics = await registry.metrics()
  expect(metrics).toContain('node_halted{reason="proof-failed"} 1\n')
  expect(metrics).toContain('node_halted{reason="sync-failed"} 0\n')
  expect(await view.countWorkflows()).toMatchObject({ running: 1 })
  await parked.signal('mended')
  await eventually(async () => expect(await view.listHalted()).toEqual([]))
})

test('a sequencer is at work when it asks for some', async () => {
  await eventually(async () => expect(await view.checkSequencer()).toEqual({ ok: true }))
})

test("Temporal's own metrics are read, and what the dashboard shows of them is there", async () => {
  await expect((await start('failingWorkflow', 'fails')).result()).rejects.toThrow()
  const text = await core.read()
  expect(workflowFailures(text)).toContain('temporal_workflow_failures_total{type="failingWorkflow"} 1\n')
  const names = namesIn(text + workflowFailures(text))
  const used = [...readUsedMetrics().keys()].filter((name) => name.startsWith('temporal_'))
  expect(used.filter((name) => !names.has(name))).toEqual(['temporal_request_failure_total']) // none failed
})

test('a server that does not answer is said to', async () => {
  const away = createTemporalView({ temporal: { address: '127.0.0.1:1', namespace: 'zknode' } }, { rememberedMs: 0 })
  expect(await away.check()).toEqual({
    ok: false,
    error: 'no answer from 127.0.0.1:1 for the namespace zknode',
  })
  const unknown = { ok: true, note: 'not known: Temporal does not answer' }
  expect([await haltedCheck(away)(), await away.checkSequencer()]).toEqual([unknown, unknown])
  await away.close()
})
