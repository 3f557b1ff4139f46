import { readdirSync, readFileSync } from 'node:fs'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { beforeAll, expect, test } from 'vitest'
import { stageSpans } from '#telemetry/stageSpans.ts'
import { HISTORIES } from '#test/recordHistories.ts'
import { buildWorkflowBundle } from '#workers/workflowBundle.ts'

type History = { events: { eventType: string; [attributes: string]: unknown }[] }
const NAMES = readdirSync(HISTORIES).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []))
const textOf = (name: string) => readFileSync(new URL(`${name}.json`, HISTORIES), 'utf8')
const historyOf = (name: string): History => JSON.parse(textOf(name))

/** What replaying each history ends with; undefined when the code takes the same steps. */
async function replay(names: readonly string[], code: string): Promise<Map<string, Error | undefined>> {
  const histories = names.map((name) => ({ workflowId: name, history: historyOf(name) }))
  const results = new Map<string, Error | undefined>()
  const options = { workflowBundle: { code }, sinks: stageSpans(undefined) }
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories))
    results.set(workflowId, error)
  return results
}

let code: string
let results: Map<string, Error | undefined>
beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  })
  code = readFileSync(await buildWorkflowBundle(), 'utf8')
  results = await replay(NAMES, code)
})

test('there is a history of every workflow', () => {
  const types = NAMES.map((name) => {
    const started = historyOf(name).events[0]?.['workflowExecutionStartedEventAttributes']
    return (started as { workflowType: { name: string } }).workflowType.name
  })
  const all = [
    'aggregator',
    'batch',
    'l1Transaction',
    'proof',
    'pruning',
    'sequenceSender',
    'sequencer',
    'synchronizer',
  ]
  expect([...new Set(types)].sort()).toEqual(all.map((name) => `${name}Workflow`))
})

test.each(NAMES)('%s still runs with the code of today', (name) => {
  expect(results.has(name)).toBe(true)
  expect(results.get(name)).toBeUndefined()
})

test.each([
  ['in another order', /await collect\(\);(\s*)await check\(\);/, 'await check();$1await collect();'],
  ['less', /show\('sealed'\);(\s*)await tell\(/, '$1await tell('],
  ['more', /await check\(\);/, 'await check(); await check();'],
])('steps %s are noticed', async (_, steps, others) => {
  const changed = code.replace(steps, others)
  expect(changed).not.toBe(code)
  const [error] = (await replay(['batch-verified'], changed)).values()
  expect(error).toBeInstanceOf(DeterminismViolationError)
})

test.each(NAMES)('%s does not tell of the machine that recorded it', (name) => {
  const text = textOf(name)
  const decoded = text.replaceAll(/"data":"([^"]*)"/g, (_, data) => Buffer.from(data, 'base64').toString())
  expect(decoded).not.toMatch(/\/(?:root|home|Users|work|tmp|var|opt|private|mnt)\/|[A-Z]:\\\\|node_modules/)
  expect(decoded).not.toMatch(/\b\d+@[\w.-]+/)
})
