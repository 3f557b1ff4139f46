import { DEBUG_TRACERS, type TracerSpec } from '#executor/tracers/createRecorder.ts'
import { invalidArgument, serverError } from '../errors.ts'
import { customParam, parseBoolean, parseObject } from '../params.ts'

/** How a trace is asked for. */
export type TraceConfig = { spec: TracerSpec; timeoutMs: number }

/** Longest a trace may take, and what it takes at most when the caller names no time. */
export const MAX_TRACE_MS = 60_000
/** Most bytes of the answer to one trace. */
export const MAX_TRACE_BYTES = 150 * 1024 * 1024

export const NO_CONFIG: TraceConfig = { spec: { config: {} }, timeoutMs: MAX_TRACE_MS }

export const traceConfigParam = customParam('traceConfig', { type: 'object' }, parseTraceConfig)

const STRUCT_LOG_SWITCHES = ['enableMemory', 'disableStack', 'disableStorage', 'enableReturnData'] as const
/** A Go duration in parts; months and the like do not exist there. */
const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g
const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
}

/** TraceConfig of execution-apis. Fields of the other kind of tracer are ignored, as geth does. */
export function parseTraceConfig(value: unknown, index: number): TraceConfig {
  const { tracer, tracerConfig, timeout, ...fields } = withoutNulls(parseObject(value, index))
  const timeoutMs = timeout === undefined ? MAX_TRACE_MS : Math.min(parseDuration(timeout, index), MAX_TRACE_MS)
  if (tracer === undefined || tracer === '') return { spec: { config: parseStructLogConfig(fields, index) }, timeoutMs }
  if (typeof tracer !== 'string') throw invalidArgument(index, 'string expected for tracer')
  const config = tracerConfig === undefined ? {} : parseObject(tracerConfig, index)
  return { spec: { tracer, config: parseTracerConfig(tracer, config, index) }, timeoutMs }
}

function withoutNulls(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== null))
}

function parseStructLogConfig(fields: Record<string, unknown>, index: number): TracerSpec['config'] {
  const { limit = 0 } = fields
  if (!Number.isSafeInteger(limit) || (limit as number) < 0) throw invalidArgument(index, 'limit must be a count')
  const switches = STRUCT_LOG_SWITCHES.flatMap((name) => {
    const field = fields[name]
    return field === undefined ? [] : [[name, parseBoolean(field, index)] as const]
  })
  return { ...Object.fromEntries(switches), limit: limit as number }
}

/** Switches; of a mux, tracers with theirs. */
function parseTracerConfig(tracer: string, fields: Record<string, unknown>, index: number): Record<string, unknown> {
  if (!DEBUG_TRACERS.includes(tracer)) throw serverError(`unknown tracer: ${tracer.slice(0, 64)}`)
  const parse = (name: string, field: unknown): unknown =>
    tracer === 'muxTracer'
      ? parseTracerConfig(name, parseObject(field ?? {}, index), index)
      : parseBoolean(field, index)
  const given = tracer === 'muxTracer' ? fields : withoutNulls(fields)
  return Object.fromEntries(Object.entries(given).map(([name, field]) => [name, parse(name, field)]))
}

function parseDuration(value: unknown, index: number): number {
  if (typeof value !== 'string' || !DURATION.test(value)) throw invalidArgument(index, 'invalid duration')
  return [...value.matchAll(PART)].reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0)
}
