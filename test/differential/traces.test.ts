import { expect, test } from 'vitest'
import { CallTracer } from '#executor/tracers/callTracer.ts'
import { StructLogRecorder } from '#executor/tracers/structLog.ts'
import { callCases, callCornerCases } from './callCases.ts'
import { expectedCallTrace } from './callTraceDifferences.ts'
import { contractCases } from './contractCases.ts'
import { createCases, deployCases } from './createCases.ts'
import { environmentCases, memoryCases, place, stackCases } from './opcodeCases.ts'
import { precompileCases } from './precompileCases.ts'
import { randomCases } from './randomCases.ts'
import { accountCases, logCases, storageCases } from './stateCases.ts'
import { expectedStructLog } from './structLogDifferences.ts'
import { traceCases } from './traceCases.ts'
import { type TracePair, type TracerPair, traceOnBoth } from './traceRuns.ts'

const STEPS = { enableMemory: true, enableReturnData: true }
const TRACERS: readonly (TracerPair & { expected: (pair: TracePair) => unknown })[] = [
  { anvil: STEPS, node: (budget) => new StructLogRecorder(STEPS, budget), expected: expectedStructLog },
  {
    anvil: { tracer: 'callTracer', tracerConfig: { withLog: true } },
    node: (budget) => new CallTracer({ withLog: true }, budget),
    expected: expectedCallTrace,
  },
]

test.each([
  ['environment', () => place(environmentCases())],
  ['memory', () => place(memoryCases())],
  ['stack and jumps', () => place(stackCases())],
  ['storage', () => place(storageCases())],
  ['other accounts', () => place(accountCases())],
  ['logs', () => place(logCases())],
  ['calls', () => place(callCases())],
  ['corners of calls', () => place(callCornerCases())],
  ['creation', () => place(createCases())],
  ['deployments', deployCases],
  ['precompiles', precompileCases],
  ['compiled contracts', contractCases],
  ['frames, reasons and logs', () => place(traceCases())],
  ['random programs', () => place(randomCases(100, 20_210_416))],
])('%s: each trace as of Ethereum at Berlin', { timeout: 120_000 }, async (_, cases) => {
  const traces = await traceOnBoth(cases(), TRACERS)
  for (const [index, { expected }] of TRACERS.entries())
    for (const pair of traces[index]!) expect(pair.node, pair.scenario.name).toEqual(expected(pair))
})
