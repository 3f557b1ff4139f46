import type { Address, Hash } from '#protocol/primitives.ts'
import type { TraceEnter, TraceExit, Tracer } from '../evm/tracer.ts'
import type { TraceBudget } from './recorder.ts'

export type CallLog = {
  address: Address
  topics: readonly Hash[]
  data: Uint8Array
  /** Calls of the same frame before it. */
  position: number
  /** Logs of the transaction before it. */
  index: number
}

/** A call, creation or SELFDESTRUCT with all that happened in it. */
export type CallFrame = {
  kind: TraceEnter['kind']
  from: Address
  to: Address
  input: Uint8Array
  gas: number
  gasUsed: number
  /** wei; undefined where the kind carries none. */
  value: bigint | undefined
  /** Of a creation the code. */
  output: Uint8Array
  error: string | undefined
  calls: CallFrame[]
  logs: CallLog[]
}

export const isCreationKind = (kind: TraceEnter['kind']): boolean => kind === 'CREATE' || kind === 'CREATE2'
export const isCreation = ({ kind }: CallFrame): boolean => isCreationKind(kind)

const NO_BYTES = new Uint8Array()
/** JSON of a frame or log without what grows with it. */
const FRAME_BYTES = 250
const LOG_BYTES = 150

/** Builds the tree of calls. */
export class CallTree {
  readonly #budget: TraceBudget
  readonly #open: CallFrame[] = []
  #root: CallFrame | undefined
  #logCount = 0

  constructor(budget: TraceBudget) {
    this.#budget = budget
  }

  /** The frame of the transaction. Logs are those of frames that failed too. */
  get root(): CallFrame {
    if (this.#root === undefined) throw new TypeError('nothing ran')
    return this.#root
  }

  readonly tracer: Tracer = {
    onEnter: (enter) => this.#enter(enter),
    onExit: (exit) => this.#exit(exit),
    onRefuse: (enter, error) => {
      this.#enter(enter)
      this.#exit({ output: NO_BYTES, gasUsed: 0, error })
    },
    onLog: (log) => {
      this.#budget.take(LOG_BYTES + 2 * log.data.length)
      const frame = this.#open.at(-1)!
      frame.logs.push({ ...log, position: frame.calls.length, index: this.#logCount++ })
    },
  }
  #enter({ kind, from, to, input, gas, value }: TraceEnter): void {
    this.#budget.take(FRAME_BYTES + 2 * input.length)
    const frame = {
      ...{ kind, from, to, input, gas, gasUsed: 0, value },
      ...{ output: NO_BYTES, error: undefined, calls: [], logs: [] },
    }
    this.#open.at(-1)?.calls.push(frame)
    this.#root ??= frame
    this.#open.push(frame)
  }

  #exit({ output, gasUsed, error }: Omit<TraceExit, 'depth'>): void {
    this.#budget.take(2 * output.length)
    Object.assign(this.#open.pop()!, { output, gasUsed, error })
  }
}
