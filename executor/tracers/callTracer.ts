import { bytesToHex } from '#common/bytes.ts'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import { type CallFrame, CallTree, isCreation } from './callFrame.ts'
import { quantity } from './hex.ts'
import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'

export type CallTracerConfig = { onlyTopCall?: boolean | undefined; withLog?: boolean | undefined }

/** The tree of calls, in geth's form. */
export class CallTracer implements TraceRecorder {
  readonly #config: CallTracerConfig
  readonly #tree: CallTree

  constructor(config: CallTracerConfig, budget: TraceBudget) {
    this.#config = config
    this.#tree = new CallTree(budget)
  }

  get tracer() {
    return this.#tree.tracer
  }

  /** The frame of the transaction has the gas of the transaction, what it costs to begin with included. */
  result({ gasLimit, gasUsed }: TracedOutcome) {
    return formatFrame({ ...this.#tree.root, gas: gasLimit, gasUsed }, this.#config, false)
  }
}

type FormattedFrame = Record<string, unknown> & { calls?: FormattedFrame[] }

function formatFrame(frame: CallFrame, config: CallTracerConfig, isLost: boolean): FormattedFrame {
  const { kind, from, to, input, gas, gasUsed, value, output, error, calls, logs } = frame
  const hasFailed = isLost || error !== undefined
  const isGone = isCreation(frame) && error !== undefined
  const reason = error === undefined ? undefined : decodeRevertReason(output)
  const children = config.onlyTopCall === true ? [] : calls.map((call) => formatFrame(call, config, hasFailed))
  const kept = config.withLog === true && !hasFailed ? logs : []
  return {
    from,
    gas: quantity(gas),
    gasUsed: quantity(gasUsed),
    ...(isGone ? {} : { to }),
    input: bytesToHex(input),
    ...(output.length === 0 ? {} : { output: bytesToHex(output) }),
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { revertReason: reason }),
    ...(children.length === 0 ? {} : { calls: children }),
    ...(kept.length === 0 ? {} : { logs: kept.map(formatLog) }),
    ...(value === undefined || kind === 'DELEGATECALL' ? {} : { value: quantity(value) }),
    type: kind,
  }
}

function formatLog({ address, topics, data, position, index }: CallFrame['logs'][number]) {
  return { address, topics, data: bytesToHex(data), position: quantity(position), index: quantity(index) }
}
