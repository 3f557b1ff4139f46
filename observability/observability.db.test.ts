import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '#api/tests/testServer.ts'
import { createFeeBumpCounter, createReorgCounter } from '#ops/metrics/l1EventMetrics.ts'
import { addNodeMetrics } from '#ops/metrics/nodeMetrics.ts'
import { createSequencerMetrics } from '#ops/metrics/sequencerMetrics.ts'
import { addHaltedMetrics } from '#ops/metrics/temporalMetrics.ts'
import { createTemporalView, type TemporalView } from '#ops/temporalView.ts'
import { workflowFailures } from '#workers/coreMetrics.ts'
import { readAlerts, readUsedMetrics } from './files.ts'
import { metricsOf, namesIn } from './promql.ts'

/** Told by Prometheus itself. */
const OWN = ['up']
/** Told by Temporal's SDK: temporalMetrics.workflow.test.ts. */
const isTemporals = (name: string) => name.startsWith('temporal_') && name !== 'temporal_workflow_failures_total'

let api: TestApi
let temporal: TemporalView
/** Of all processes of a node. */
let exported: Set<string>
let told: string
beforeAll(async () => {
  api = await startTestApi()
  temporal = createTemporalView({ temporal: { address: '127.0.0.1:1', namespace: 'none' } })
  const registry = new Registry()
  addNodeMetrics(registry, { db: api.db, proofDb: undefined, role: 'sequencer' })
  addHaltedMetrics(registry, temporal)
  createSequencerMetrics(registry)
  createReorgCounter(registry)
  createFeeBumpCounter(registry)
  told = (await registry.metrics()) + workflowFailures('') + (await api.server.readMetrics())
  exported = namesIn(told)
})
afterAll(async () => {
  await temporal?.close()
  await api?.close()
})

test('what alerts and dashboard read is what the processes tell', () => {
  const unknown = [...readUsedMetrics()].filter(
    ([name]) => !exported.has(name) && !OWN.includes(name) && !isTemporals(name),
  )
  expect(unknown).toEqual([])
})

test.each(readAlerts().filter(({ expr }) => expr.includes('increase(')))(
  'the counter that $alert looks at is there before anything happened: the first time is an increase',
  ({ expr }) => {
    const [name] = metricsOf(expr)
    const labels = expr.match(/\w+="[^"]*"/g) ?? []
    const samples = told.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    const matching = samples.filter((line) => labels.every((label) => line.includes(label)))
    expect(matching.length).toBeGreaterThan(0)
    for (const line of matching) expect(line).toMatch(/ 0$/)
  },
)

test('the metrics of the specification are there', () => {
  const names = [
    ...['rpc_requests_total', 'rpc_request_duration_seconds', 'rpc_in_flight', 'rpc_ws_connections'],
    ...['rpc_subscriptions', 'rpc_rate_limited_total', 'rpc_response_bytes', 'pool_transactions'],
    ...['pool_rejected_total', 'sequencer_block_seconds', 'sequencer_batch_open_seconds', 'batch_number'],
    ...['batch_stage_age_seconds', 'zk_counter_used_ratio', 'l1_head', 'l1_processed', 'l1_reorgs_total'],
    ...['l1_tx_pending_seconds', 'l1_tx_fee_bumps_total', 'l1_sender_balance_wei', 'proof_seconds'],
    ...['proof_failures_total', 'provers', 'db_size_bytes', 'db_pool_in_use', 'temporal_workflow_failures_total'],
    ...['node_halted', 'jsonrpc_request_handled', 'jsonrpc_request_duration'],
    'synchronizer_latest_synced_batch_number',
  ]
  expect(names.filter((name) => !exported.has(name))).toEqual([])
})

test('docs/observability.md has a line for every metric of ours, and for no other', () => {
  const text = readFileSync(new URL('../docs/observability.md', import.meta.url), 'utf8')
  const page = text.slice(text.indexOf('\n## Metrics'))
  const written = [...page.matchAll(/^\| `(\w+?)(?:\{\w+(?:,\w+)*\})?` \|/gm)].map(([, name]) => name!)
  const isOurs = (name: string) => !/^(process|nodejs)_/.test(name) && !/_(bucket|sum|count)$/.test(name)
  const ours = [...exported].filter(isOurs)
  expect(written.toSorted()).toEqual(ours.toSorted())
})
