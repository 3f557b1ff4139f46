import { concatBytes } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address } from '#protocol/primitives.ts'

/**
 * Names of jobs and of their results: other inputs or a new round make another job, a repeated attempt of a round finds
 * the first result. `digest`: of the inputs.
 */
export const batchJobId = (job: { batchNumber: number; round: number; digest: string }) =>
  `batch-${job.batchNumber}-r${job.round}-${job.digest.slice(0, 16)}`

/** `proofIds`: what is joined. */
export const joinJobId = (job: { fromBatch: number; toBatch: number; round: number; proofIds: readonly string[] }) =>
  `joined-${job.fromBatch}-${job.toBatch}-r${job.round}-${shortDigest(job.proofIds)}`

/** `inputId`: the proof that is made final. */
export const finalJobId = (job: {
  fromBatch: number
  toBatch: number
  aggregator: Address
  round: number
  inputId: string
}) => `final-${job.fromBatch}-${job.toBatch}-r${job.round}-${shortDigest([job.inputId, job.aggregator])}`

/** What one attester makes of a job that several have to do. */
export const partId = (jobId: string, attester: string) => `${jobId}-${attester}`

/** 16 hex digits. */
function shortDigest(texts: readonly string[]): string {
  const encoder = new TextEncoder()
  return keccakHex(concatBytes(...texts.map((text) => encoder.encode(keccakHex(encoder.encode(text)))))).slice(2, 18)
}
