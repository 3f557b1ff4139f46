import { bytesToHex } from '#common/bytes.ts'
import type { Tracer } from '../evm/tracer.ts'
import type { WorldState } from '../worldState.ts'
import { CallTree } from './callFrame.ts'
import { type FlatCall, flattenCalls } from './flatCalls.ts'
import { combineTracers } from './muxTracer.ts'
import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'
import { stateDiff } from './stateDiff.ts'
import { TouchedState } from './touchedState.ts'
import { type VmTrace, VmTracer } from './vmTracer.ts'

export type ParityConfig = {
  trace?: boolean | undefined
  stateDiff?: boolean | undefined
  vmTrace?: boolean | undefined
}

/** What the trace_ methods tell of a transaction, without its place in the chain. */
export type ParityTrace = {
  output: string
  stateDiff: ReturnType<typeof stateDiff> | null
  trace: FlatCall[]
  vmTrace: VmTrace | null
}

/** Calls as a list, changes of the state, and instructions, in the form of OpenEthereum and Erigon. */
export class ParityTracer implements TraceRecorder {
  readonly #config: ParityConfig
  readonly #tree: CallTree
  readonly #touched: TouchedState
  readonly #vm: VmTracer
  readonly tracer: Tracer

  constructor(config: ParityConfig, budget: TraceBudget) {
    this.#config = config
    this.#tree = new CallTree(budget)
    this.#touched = new TouchedState(budget)
    this.#vm = new VmTracer(budget)
    this.tracer = combineTracers([
      ...(config.trace === true ? [this.#tree.tracer] : []),
      ...(config.stateDiff === true ? [this.#touched.observer] : []),
      ...(config.vmTrace === true ? [this.#vm.tracer] : []),
    ])
  }

  async result({ returnData }: TracedOutcome, world: WorldState): Promise<ParityTrace> {
    const { trace, stateDiff: withState, vmTrace } = this.#config
    return {
      output: bytesToHex(returnData),
      stateDiff: withState === true ? stateDiff(await this.#touched.accounts(world)) : null,
      trace: trace === true ? flattenCalls(this.#tree.root, { parityErrors: true, precompiles: false }) : [],
      vmTrace: vmTrace === true ? this.#vm.root : null,
    }
  }
}
