import { createHash } from 'node:crypto'
import type { Hash } from '#protocol/primitives.ts'

/** Of a trace, and of the span that all others in it hang on. W3C trace context: 16 and 8 bytes, hex. */
export type TraceRoot = { traceId: string; spanId: string }

/**
 * Every process derives the same ids, so nothing has to be carried through pool, database and workflows for its spans to
 * meet in one trace. `network` tells chains apart that one collector sees.
 */
export function batchTrace(network: string, batchNumber: number): TraceRoot {
  return derive(`batch ${network} ${batchNumber}`)
}

export function transactionTrace(network: string, hash: Hash): TraceRoot {
  return derive(`transaction ${network} ${hash}`)
}

function derive(text: string): TraceRoot {
  const digest = createHash('sha256').update(text).digest('hex')
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) }
}
