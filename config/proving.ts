import { z } from 'zod'
import { grpcSchema } from './grpc.ts'
import { address, countOf, milliseconds } from './options.ts'

export const aggregatorSchema = z
  .strictObject({
    verifyIntervalMs: milliseconds
      .default(5000)
      .describe('Wait this long for more proofs before verifying fewer than maxBatches; like sequenceSender.waitMs.'),
    maxBatches: countOf('batches').max(1000).default(100).describe('Most batches of one verification.'),
    address: address
      .optional()
      .describe(
        'Sends the verifications, and stands in every final proof. The address of keys.aggregator when left out.',
      ),
    grpc: grpcSchema,
  })
  .prefault({})
  .describe('How proofs are joined and verified on L1.')

export const proverSchema = z
  .strictObject({
    name: z.string().default('prover').describe('Own name of this process; each has another.'),
    concurrency: countOf('proofs').default(1).describe('Proofs made at once by one process.'),
  })
  .prefault({})
  .describe("The node's own prover.")
