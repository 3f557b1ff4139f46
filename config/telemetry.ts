import { z } from 'zod'
import { url } from './options.ts'

export const telemetrySchema = z
  .strictObject({
    otlpUrl: url
      .optional()
      .describe(
        'OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318. No traces when left out.',
      ),
    sampleRatio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Part of the traces of batches, transactions and requests that is sent. The same in every process.'),
  })
  .prefault({})
  .describe('Traces of requests, transactions and batches: docs/tracing.md.')
