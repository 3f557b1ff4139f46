import { CallTree } from './callFrame.ts'
import { type FlatCall, flattenCalls } from './flatCalls.ts'
import type { TraceBudget, TraceRecorder } from './recorder.ts'

export type FlatCallConfig = { convertParityErrors?: boolean | undefined; includePrecompiles?: boolean | undefined }

/** The calls as a list. Gas of the first one is without what the transaction costs to begin with. */
export class FlatCallTracer implements TraceRecorder {
  readonly #config: FlatCallConfig
  readonly #tree: CallTree

  constructor(config: FlatCallConfig, budget: TraceBudget) {
    this.#config = config
    this.#tree = new CallTree(budget)
  }

  get tracer() {
    return this.#tree.tracer
  }

  result(): FlatCall[] {
    const { convertParityErrors = false, includePrecompiles = false } = this.#config
    return flattenCalls(this.#tree.root, { parityErrors: convertParityErrors, precompiles: includePrecompiles })
  }
}
