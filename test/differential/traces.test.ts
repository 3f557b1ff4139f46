import { expect, test } from 'vitest'
import { CallTracer } from '#executor/tracers/callTracer.ts'
import { FlatCallTracer } from '#executor/tracers/flatCallTracer.ts'
import { FourByteTracer } from '#executor/tracers/fourByteTracer.ts'
import { PrestateTracer } from '#executor/tracers/prestateTracer.ts'
import { StructLogRecorder } from '#executor/tracers/structLog.ts'
import { callCases, callCornerCases } from './callCases.ts'
import { expectedCallTrace } from './callTraceDifferences.ts'
import { contractCases } from './contractCases.ts'
import { createCases, deployCases } from './createCases.ts'
import { expectedFlatCalls } from './flatCallDifferences.ts'
import { environmentCases, memoryCases, place, stackCases } from './opcodeCases.ts'
import { precompileCases } from './precompileCases.ts'
import { expectedDifference, expectedPrestate } from './prestateDifferences.ts'
import { randomCases } from './randomCases.ts'
import type { Case } from './scenario.ts'
import { accountCases, logCases, storageCases } from './stateCases.ts'
import { expectedStructLog } from './structLogDifferences.ts'
import { selfDestructCases, traceCases } from './traceCases.ts'
import { type TracePair, type TracerPair, traceOnBoth } from './traceRuns.ts'

const STEPS = { enableMemory: true, enableReturnData: true }
const debug = (config: object) => (hash: string) => ['debug_traceTransaction', hash, config] as const

type ComparedTracer = TracerPair & { expected: (pair: TracePair) => unknown }

const CALLS: readonly ComparedTracer[] = [
  { anvil: debug(STEPS), node: (budget) => new StructLogRecorder(STEPS, budget), expected: expectedStructLog },
  {
    anvil: debug({ tracer: 'callTracer', tracerConfig: { withLog: true } }),
    node: (budget) => new CallTracer({ withLog: true }, budget),
    expected: expectedCallTrace,
  },
  { anvil: debug({ tracer: '4byteTracer' }), node: () => new FourByteTracer(), expected: ({ anvil }) => anvil },
  {
    anvil: (hash) => ['trace_transaction', hash],
    node: (budget) => new FlatCallTracer({ convertParityErrors: true, includePrecompiles: true }, budget),
    expected: expectedFlatCalls,
  },
]
const CHANGES: ComparedTracer = {
  anvil: debug({ tracer: 'prestateTracer', tracerConfig: { diffMode: true } }),
  node: (budget) => new PrestateTracer({ diffMode: true }, budget),
  expected: expectedDifference,
}
const STATE_BEFORE: ComparedTracer = {
  anvil: debug({ tracer: 'prestateTracer' }),
  node: (budget) => new PrestateTracer({}, budget),
  expected: expectedPrestate,
}

async function expectEqual(cases: readonly Case[], tracers: readonly ComparedTracer[]): Promise<void> {
  const traces = await traceOnBoth(cases, tracers)
  for (const [index, { expected }] of tracers.entries())
    for (const pair of traces[index]!) expect(pair.node, pair.scenario.name).toEqual(expected(pair))
}

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
])('%s: each trace as of Ethereum at Berlin', { timeout: 120_000 }, async (_, cases) => {
  await expectEqual(cases(), [...CALLS, CHANGES, STATE_BEFORE])
})

/** Many end for want of gas in an instruction that looks at the state, where the states before differ. */
test('random programs: each trace as of Ethereum at Berlin', { timeout: 60_000 }, async () => {
  await expectEqual(place(randomCases(100, 20_210_416)), [...CALLS, CHANGES])
})

test('SELFDESTRUCT: calls and steps as of Ethereum at Berlin', { timeout: 20_000 }, async () => {
  await expectEqual(place(selfDestructCases()), CALLS)
})
