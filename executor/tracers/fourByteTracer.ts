import { bytesToHex } from '#common/bytes.ts'
import type { TraceEnter, Tracer } from '../evm/tracer.ts'
import { isCreationKind } from './callFrame.ts'
import type { TraceRecorder } from './recorder.ts'

const SELECTOR_BYTES = 4

/** Counts calls by selector and size of the arguments: `0xa9059cbb-64`. */
export class FourByteTracer implements TraceRecorder {
  readonly #counts = new Map<string, number>()

  readonly tracer: Tracer = {
    onEnter: (enter) => this.#count(enter),
    onRefuse: (enter) => this.#count(enter),
  }

  result(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  #count({ kind, input }: TraceEnter): void {
    if (isCreationKind(kind) || input.length < SELECTOR_BYTES) return
    const key = `${bytesToHex(input.subarray(0, SELECTOR_BYTES))}-${input.length - SELECTOR_BYTES}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }
}
