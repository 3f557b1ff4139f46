import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'
import { type StructLogConfig, StructLogRecorder } from './structLog.ts'

/** The struct log with the zk-counters of the transaction beside it. */
export class CountersTracer implements TraceRecorder {
  readonly #steps: StructLogRecorder

  constructor(config: StructLogConfig, budget: TraceBudget) {
    this.#steps = new StructLogRecorder(config, budget)
  }

  get tracer() {
    return this.#steps.tracer
  }

  result(outcome: TracedOutcome) {
    return { ...this.#steps.result(outcome), counters: outcome.counters }
  }
}
