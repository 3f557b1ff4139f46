import { z } from 'zod'
import { milliseconds, port } from './options.ts'

/** Where provers dial in that speak aggregator.v1. */
export const grpcSchema = z
  .strictObject({
    /** Provers may dial in. */
    enabled: z.boolean().default(false),
    /** 0.0.0.0 for provers on other machines: then with tls. */
    host: z.string().default('127.0.0.1'),
    port: port.default(50_081),
    /** PEM files. With clientCaFile only provers with a certificate of that authority are let in. */
    tls: z.strictObject({ certFile: z.string(), keyFile: z.string(), clientCaFile: z.string().optional() }).optional(),
    /** A prover at work is asked for its proof this often, at first more often … */
    pollIntervalMs: milliseconds.default(5000),
    /** … and one without work how it is. */
    statusIntervalMs: milliseconds.default(5000),
    /** A prover that does not answer for so long is put aside. */
    answerDeadlineMs: milliseconds.default(30_000),
    /** A job waits for an idle prover for so long; then it goes back, so that another process may have it. */
    idleWaitMs: milliseconds.default(5000),
    /** A prover that worked on a job before a restart of ours may take so long to dial in again. */
    collectGraceMs: milliseconds.default(10_000),
    /** From request to proof. */
    proofDeadlineMs: z
      .strictObject({
        batch: milliseconds.default(2 * 3600_000),
        aggregated: milliseconds.default(3600_000),
        final: milliseconds.default(3600_000),
      })
      .prefault({}),
    /** A prover that fails gets no work for so long, twice as long after each further failure … */
    asideMs: milliseconds.default(30_000),
    /** … and at most so long. */
    asideMaxMs: milliseconds.default(600_000),
  })
  .prefault({})
