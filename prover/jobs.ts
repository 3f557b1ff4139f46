import { concatBytes } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address } from '#protocol/primitives.ts'

/** Names of jobs and of their results: a new round is a new job, a repeated attempt of a round finds the first result. */
export const batchJobId = (batchNumber: number, round: number) => `batch-${batchNumber}-r${round}`

/** `inputs`: the proofs that are joined. They are part of the name, so other proofs make another job. */
export const aggregationJobId = (job: {
  fromBatch: number
  toBatch: number
  round: number
  inputs: readonly string[]
}) => `aggregated-${job.fromBatch}-${job.toBatch}-r${job.round}-${shortDigest(job.inputs)}`

/** `input`: the proof that is made final. */
export const finalJobId = (job: {
  fromBatch: number
  toBatch: number
  aggregator: Address
  round: number
  input: string
}) => `final-${job.fromBatch}-${job.toBatch}-${job.aggregator}-r${job.round}-${shortDigest([job.input])}`

/** 16 hex digits. */
function shortDigest(texts: readonly string[]): string {
  const encoder = new TextEncoder()
  return keccakHex(concatBytes(...texts.map((text) => encoder.encode(keccakHex(encoder.encode(text)))))).slice(2, 18)
}
