import { expect, test } from 'vitest'
import { outcomeOf } from '#executor/replayBlock.ts'
import { combineTracers } from '#executor/tracers/muxTracer.ts'
import { TraceBudget } from '#executor/tracers/recorder.ts'
import { type StructLog, StructLogRecorder } from '#executor/tracers/structLog.ts'
import { type VmOperation, type VmTrace, VmTracer } from '#executor/tracers/vmTracer.ts'
import { callCases, callCornerCases } from './callCases.ts'
import { contractCases } from './contractCases.ts'
import { createCases, deployCases } from './createCases.ts'
import { openNodeBlock } from './nodeRun.ts'
import { environmentCases, memoryCases, place, stackCases } from './opcodeCases.ts'
import { precompileCases } from './precompileCases.ts'
import { randomCases } from './randomCases.ts'
import type { Case } from './scenario.ts'
import { accountCases, logCases, storageCases } from './stateCases.ts'
import { selfDestructCases, traceCases } from './traceCases.ts'

const MAX_BYTES = 500_000_000

type Shown = { step: string; failed: boolean; cost?: number; used?: number; push?: readonly string[]; mem?: string }

/** Operations in the order in which they ran, each with the position of the next one of its call, if there is one. */
function inOrder(root: VmTrace): { operation: VmOperation; next: number | undefined }[] {
  const list: { operation: VmOperation; next: number | undefined }[] = []
  const visit = ({ ops }: VmTrace) => {
    for (const [index, operation] of ops.entries()) {
      const entry = { operation, next: undefined as number | undefined }
      list.push(entry)
      if (operation.sub !== null) visit(operation.sub)
      if (index < ops.length - 1) entry.next = list.length
    }
  }
  visit(root)
  return list
}

function show({ pc, op, cost, ex }: VmOperation, isLast: boolean): Shown {
  const shown = { step: `${pc} ${op}`, failed: ex === null }
  if (ex === null) return shown
  const [push, mem] = isLast ? [[], undefined] : [ex.push, ex.mem?.data]
  return { ...shown, cost, used: ex.used, push, ...(mem === undefined ? {} : { mem }) }
}

/** The same of the struct log: the next step of the call finds what an operation has left. */
function showLog(log: StructLog, next: StructLog | undefined, { ex }: VmOperation): Shown {
  const shown = { step: `${log.pc} ${log.op}`, failed: log.error !== undefined }
  if (log.error !== undefined) return shown
  const [used, stack = []] = [next?.gas ?? log.gas - log.gasCost, next?.stack]
  const push = next === undefined ? [] : stack.slice(stack.length - (ex?.push.length ?? 0))
  const range = next === undefined ? undefined : ex?.mem
  const digits = range ? next!.memory!.map((word) => word.slice(2)).join('') : ''
  const mem = range ? `0x${digits.slice(2 * range.off, 2 * range.off + range.data.length - 2)}` : undefined
  return { ...shown, cost: log.gasCost, used, push, ...(mem === undefined ? {} : { mem }) }
}

/** The struct log is equal to anvil's, step by step: traces.test.ts. */
test.each<[string, () => readonly Case[]]>([
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
  ['what sends everything', () => place(selfDestructCases())],
  ['random programs', () => place(randomCases(100, 20_210_416))],
])('%s: the machine does what the struct log tells', { timeout: 60_000 }, async (_, casesOf) => {
  const cases = casesOf()
  const budget = new TraceBudget(MAX_BYTES)
  const recorders = cases.map(() => ({
    log: new StructLogRecorder({ enableMemory: true }, budget),
    vm: new VmTracer(budget),
  }))
  const tracers = recorders.map(({ log, vm }) => combineTracers([log.tracer, vm.tracer]))
  await openNodeBlock(cases, {
    tracers,
    afterEach: async (receipt, index) => {
      const { log, vm } = recorders[index]!
      const { structLogs } = log.result(outcomeOf(receipt))
      const operations = inOrder(vm.root)
      const expected = structLogs.map((log, position) => {
        const { operation, next } = operations[position]!
        return showLog(log, next === undefined ? undefined : structLogs[next], operation)
      })
      expect(
        operations.map(({ operation, next }) => show(operation, next === undefined)),
        cases[index]!.name,
      ).toEqual(expected)
    },
  })
})
