import type { StructLog } from '#executor/tracers/structLog.ts'
import type { Hex } from '#protocol/primitives.ts'
import type { Case } from './scenario.ts'
import { nodeError } from './traceErrors.ts'
import type { TracePair } from './traceRuns.ts'

type StructTrace = { gas: number; failed: boolean; returnValue: Hex; structLogs: StructLog[] }
type Step = StructLog & { storage?: Record<Hex, Hex> }

/** EIP-2200 gives back so much more for a cleared slot than anvil 1.7, which takes EIP-3529 for Berlin too. */
const CLEAR_REFUND_SURPLUS = 15_000 - 4800
const word = (quantity: string) => `0x${quantity.slice(2).padStart(64, '0')}` as Hex

/**
 * The struct log the node must give where anvil gives this one. The rules are those of "Traces" in
 * docs/evm-differences.md, each as narrow as it can be.
 */
export function expectedStructLog({ scenario, node, anvil, gasUsed }: TracePair): StructTrace {
  const mine = node as StructTrace
  const theirs = anvil as StructTrace
  const steps = withoutEmptyCode(theirs.structLogs, scenario)
  const failedWrites = new Set<string>()
  const structLogs = steps.map((step, index) => {
    const own = mine.structLogs[index]
    if (own === undefined) return step
    return [
      corrected.refund,
      corrected.codeHash(steps[index - 1]),
      corrected.storage(failedWrites),
      corrected.halt,
    ].reduce((expected, correct) => correct(expected, own), step as Step)
  })
  return { ...theirs, gas: gasUsed, structLogs }
}

/** anvil runs a STOP where there is no init code. */
function withoutEmptyCode(steps: readonly StructLog[], { to, data }: Case): StructLog[] {
  return steps.filter(({ op, pc }, index) => {
    if (op !== 'STOP' || pc !== 0) return true
    const before = steps[index - 1]
    if (before === undefined) return to !== undefined || (data?.length ?? 0) > 0
    const isCreate = before.op === 'CREATE' || before.op === 'CREATE2'
    return !(isCreate && before.stack!.at(-3) === '0x0')
  })
}

const corrected = {
  refund(step: Step, own: StructLog): Step {
    const surplus = own.refund - step.refund
    return surplus > 0 && surplus % CLEAR_REFUND_SURPLUS === 0 ? { ...step, refund: own.refund } : step
  },

  /** EXTCODEHASH pushes another hash. */
  codeHash:
    (before: StructLog | undefined) =>
    (step: Step, own: StructLog): Step =>
      before?.op === 'EXTCODEHASH' && own.stack!.length === step.stack!.length
        ? { ...step, stack: [...step.stack!.slice(0, -1), own.stack!.at(-1)!] }
        : step,

  /** anvil shows the value of an SSTORE that ran out of gas, here and later. */
  storage:
    (failedWrites: Set<string>) =>
    (step: Step, own: StructLog): Step => {
      if (step.op === 'SSTORE' && /OutOfGas/.test(step.error ?? ''))
        failedWrites.add(`${word(step.stack!.at(-1)!)}=${word(step.stack!.at(-2)!)}`)
      if (step.storage === undefined || failedWrites.size === 0) return step
      const kept = Object.entries(step.storage).filter(
        ([slot, value]) => slot in (own.storage ?? {}) || !failedWrites.has(`${slot}=${value}`),
      )
      return { ...step, storage: Object.fromEntries(kept) }
    },

  /** Words of errors, names of opcodes that are none, and what an instruction took that never happened. */
  halt(step: Step, own: StructLog): Step {
    if (step.error === undefined) return step
    const inner = /^Some\((\w+)\)$/.exec(step.error)?.[1] ?? step.error
    const op = /^opcode 0x[0-9a-f]+ not defined$/.test(own.op) && inner !== 'InvalidFEOpcode' ? own.op : step.op
    return { ...step, op, error: nodeError(inner, own.error), gasCost: own.gasCost }
  },
}
