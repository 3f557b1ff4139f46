import type { Tracer } from '../evm/tracer.ts'
import type { WorldState } from '../worldState.ts'
import type { TracedOutcome, TraceRecorder } from './recorder.ts'

type NamedRecorder = readonly [name: string, recorder: TraceRecorder]

/** Several tracers on one run; the answer has theirs by name. */
export class MuxTracer implements TraceRecorder {
  readonly #recorders: readonly NamedRecorder[]
  readonly tracer: Tracer

  constructor(recorders: readonly NamedRecorder[]) {
    this.#recorders = recorders
    this.tracer = combineTracers(recorders.map(([, { tracer }]) => tracer))
  }

  async result(outcome: TracedOutcome, world: WorldState): Promise<Record<string, unknown>> {
    const results: [string, unknown][] = []
    for (const [name, recorder] of this.#recorders) results.push([name, await recorder.result(outcome, world)])
    return Object.fromEntries(results)
  }
}

/** Tells all of them. */
export function combineTracers(tracers: readonly Tracer[]): Tracer {
  return {
    onEnter: (enter) => tracers.forEach((tracer) => void tracer.onEnter?.(enter)),
    onExit: (exit) => tracers.forEach((tracer) => void tracer.onExit?.(exit)),
    onRefuse: (enter, reason) => tracers.forEach((tracer) => void tracer.onRefuse?.(enter, reason)),
    onStep: (step) => tracers.forEach((tracer) => void tracer.onStep?.(step)),
    onStepCost: (cost) => tracers.forEach((tracer) => void tracer.onStepCost?.(cost)),
    onFault: (reason) => tracers.forEach((tracer) => void tracer.onFault?.(reason)),
    onLog: (log) => tracers.forEach((tracer) => void tracer.onLog?.(log)),
    onAccount: (account) => tracers.forEach((tracer) => void tracer.onAccount?.(account)),
    onSlot: (slot) => tracers.forEach((tracer) => void tracer.onSlot?.(slot)),
  }
}
