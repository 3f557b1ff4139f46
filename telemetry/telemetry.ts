import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api'
import type { Config } from '#config/schema.ts'
import type { Hash } from '#protocol/primitives.ts'
import { batchTrace, type TraceRoot, transactionTrace } from './traceIds.ts'

export type SpanFacts = {
  name: string
  /** Milliseconds since the epoch. */
  startedAt: number
  endedAt: number
  attributes?: Attributes
  links?: readonly TraceRoot[]
  error?: string | undefined
}

/** Makes spans of what has happened. */
export interface Telemetry {
  batch(batchNumber: number): TraceRoot
  transaction(hash: Hash): TraceRoot
  /** Whether spans of the trace are sent. Every process decides the same. */
  isSampled(trace: TraceRoot): boolean
  /** A span in a derived trace; `isRoot`: the one that the others hang on. */
  tell(trace: TraceRoot, span: SpanFacts, options?: { isRoot?: boolean }): void
  /** A span in the trace of a header `traceparent`, in a new one without. Returns where it is; undefined when not sampled. */
  tellIn(traceparent: string | undefined, span: SpanFacts): TraceRoot | undefined
  /** Sends what is left. */
  close(): Promise<void>
}

type Options = Pick<Config, 'telemetry'> & { network: Pick<Config['network'], 'chainId' | 'contracts' | 'rollupId'> }

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/
const [SAMPLED, NOT_SAMPLED, INTERNAL_SPAN, SERVER_SPAN, ERROR_STATUS] = [1, 0, 0, 1, 2]
const CLOSE_TIMEOUT_MS = 2000

/** Undefined when `telemetry.otlpUrl` is not set: nothing of the SDK is loaded then. */
export async function startTelemetry(role: string, { telemetry, network }: Options): Promise<Telemetry | undefined> {
  const { otlpUrl, sampleRatio } = telemetry
  if (otlpUrl === undefined) return undefined
  const [{ ROOT_CONTEXT, trace }, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const ids = new PresetIds(new sdk.RandomIdGenerator())
  const ratio = new sdk.TraceIdRatioBasedSampler(sampleRatio)
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl.replace(/\/+$/, '')}/v1/traces` })
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `zknode-${role}`, 'service.namespace': 'zknode' }),
    sampler: new sdk.ParentBasedSampler({ root: ratio }),
    idGenerator: ids,
    spanProcessors: [new sdk.BatchSpanProcessor(exporter, { scheduledDelayMillis: 1000 })],
  })
  const tracer: Tracer = provider.getTracer('zknode')
  const name = `${network.chainId} ${network.contracts.rollupManager.toLowerCase()} ${network.rollupId}`

  const isSampled = ({ traceId }: TraceRoot) =>
    ratio.shouldSample(ROOT_CONTEXT, traceId).decision === sdk.SamplingDecision.RECORD_AND_SAMPLED
  const toContext = (root: TraceRoot): SpanContext => ({
    ...root,
    ...{ traceFlags: isSampled(root) ? SAMPLED : NOT_SAMPLED, isRemote: true },
  })
  const toLinks = (links: readonly TraceRoot[] = []): Link[] => links.map((root) => ({ context: toContext(root) }))

  function make({ name, startedAt, endedAt, attributes = {}, links, error }: SpanFacts, parent: Context, kind: number) {
    const span: Span = tracer.startSpan(name, { startTime: startedAt, attributes, links: toLinks(links), kind }, parent)
    if (error !== undefined) span.setStatus({ code: ERROR_STATUS, message: error })
    span.end(endedAt)
    return span.spanContext()
  }

  return {
    batch: (batchNumber) => batchTrace(name, batchNumber),
    transaction: (hash) => transactionTrace(name, hash),
    isSampled,
    tell(root, span, { isRoot = false } = {}) {
      if (!isSampled(root)) return
      if (!isRoot) make(span, trace.setSpanContext(ROOT_CONTEXT, toContext(root)), INTERNAL_SPAN)
      else ids.preset(root, () => make(span, ROOT_CONTEXT, INTERNAL_SPAN))
    },
    tellIn(traceparent, span) {
      const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? []
      const isKnown = traceId !== undefined && spanId !== undefined
      const parent = isKnown
        ? { ...{ traceId, spanId, isRemote: true }, traceFlags: Number.parseInt(flags!, 16) & SAMPLED }
        : undefined
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
      const { traceFlags, ...root } = make(span, context, SERVER_SPAN)
      return traceFlags === SAMPLED ? root : undefined
    },
    async close() {
      const patience = new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())
      await Promise.race([provider.shutdown().catch(() => {}), patience])
    },
  }
}

type IdGenerator = { generateTraceId: () => string; generateSpanId: () => string }

/** Random ids, but for the span that is to have those of a root. */
class PresetIds implements IdGenerator {
  readonly #random: IdGenerator
  #next: TraceRoot | undefined

  constructor(random: IdGenerator) {
    this.#random = random
  }

  preset(root: TraceRoot, make: () => void): void {
    this.#next = root
    make()
    this.#next = undefined
  }

  readonly generateTraceId = () => this.#next?.traceId ?? this.#random.generateTraceId()
  readonly generateSpanId = () => this.#next?.spanId ?? this.#random.generateSpanId()
}
