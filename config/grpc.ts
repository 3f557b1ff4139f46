import { z } from 'zod'
import { filePath, milliseconds, port } from './options.ts'

export const grpcSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether provers may dial in.'),
    host: z
      .string()
      .default('127.0.0.1')
      .describe('Address to listen on. 0.0.0.0 for provers on other machines: then with tls.'),
    port: port.default(50_081).describe('Port to listen on.'),
    tls: z
      .strictObject({
        certFile: filePath.describe('PEM file with the certificate.'),
        keyFile: filePath.describe('PEM file with its private key.'),
        clientCaFile: filePath
          .optional()
          .describe(
            'PEM file of an authority: only provers with a certificate of it are let in. Anybody when left out.',
          ),
      })
      .optional()
      .describe('Encrypted, when set.'),
    pollIntervalMs: milliseconds
      .default(5000)
      .describe('A prover at work is asked for its proof this often, at first more often.'),
    statusIntervalMs: milliseconds.default(5000).describe('A prover without work is asked this often how it is.'),
    answerDeadlineMs: milliseconds.default(30_000).describe('A prover that does not answer for so long is put aside.'),
    idleWaitMs: milliseconds
      .default(5000)
      .describe('A job waits for an idle prover for so long; then it goes back, so that another process may have it.'),
    collectGraceMs: milliseconds
      .default(10_000)
      .describe('A prover that worked on a job before a restart of this process may take so long to dial in again.'),
    proofDeadlineMs: z
      .strictObject({
        batch: milliseconds.default(2 * 3600_000).describe('Of one batch.'),
        aggregated: milliseconds.default(3600_000).describe('Of two proofs joined.'),
        final: milliseconds.default(3600_000).describe('Of what L1 verifies.'),
      })
      .prefault({})
      .describe('How long a proof may take, from request to proof.'),
    asideMs: milliseconds
      .default(30_000)
      .describe('A prover that fails gets no work for so long, twice as long after each further failure.'),
    asideMaxMs: milliseconds.default(600_000).describe('A prover is put aside for no longer than this.'),
  })
  .prefault({})
  .describe('Where provers dial in that speak aggregator.v1.')
