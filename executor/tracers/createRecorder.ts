import { NodeError } from '#common/errors.ts'
import { CallTracer, type CallTracerConfig } from './callTracer.ts'
import { CountersTracer } from './countersTracer.ts'
import { type FlatCallConfig, FlatCallTracer } from './flatCallTracer.ts'
import { FourByteTracer } from './fourByteTracer.ts'
import { MuxTracer } from './muxTracer.ts'
import { OtterscanTracer } from './otterscanTracer.ts'
import { type ParityConfig, ParityTracer } from './parityTracer.ts'
import { type PrestateConfig, PrestateTracer } from './prestateTracer.ts'
import type { TraceBudget, TraceRecorder } from './recorder.ts'
import { type StructLogConfig, StructLogRecorder } from './structLog.ts'

export class UnknownTracerError extends NodeError {
  override readonly name = 'UnknownTracerError'
}

/** Which tracer, and how it is set: the struct log when it has no name. */
export type TracerSpec =
  | { tracer?: undefined; config: StructLogConfig }
  | { tracer: string; config: Readonly<Record<string, unknown>> }

/** What debug_ methods may name. */
export const DEBUG_TRACERS: readonly string[] = [
  ...['callTracer', 'prestateTracer', '4byteTracer', 'noopTracer', 'flatCallTracer', 'muxTracer'],
]

const TRACERS: Readonly<
  Record<string, (config: Readonly<Record<string, unknown>>, budget: TraceBudget) => TraceRecorder>
> = {
  callTracer: (config, budget) => new CallTracer(config as CallTracerConfig, budget),
  prestateTracer: (config, budget) => new PrestateTracer(config as PrestateConfig, budget),
  flatCallTracer: (config, budget) => new FlatCallTracer(config as FlatCallConfig, budget),
  '4byteTracer': () => new FourByteTracer(),
  noopTracer: () => ({ tracer: {}, result: () => ({}) }),
  parityTracer: (config, budget) => new ParityTracer(config as ParityConfig, budget),
  otterscanTracer: (_, budget) => new OtterscanTracer(budget),
  countersTracer: (config, budget) => new CountersTracer(config as StructLogConfig, budget),
  muxTracer: (config, budget) =>
    new MuxTracer(
      Object.entries(config).map(([tracer, of]) => [
        tracer,
        createRecorder({ tracer, config: (of ?? {}) as Record<string, unknown> }, budget),
      ]),
    ),
}

/** @throws {UnknownTracerError} */
export function createRecorder({ tracer, config }: TracerSpec, budget: TraceBudget): TraceRecorder {
  if (tracer === undefined) return new StructLogRecorder(config, budget)
  const create = Object.hasOwn(TRACERS, tracer) ? TRACERS[tracer] : undefined
  if (create === undefined) throw new UnknownTracerError('No such tracer.', { facts: { tracer } })
  return create(config, budget)
}
