import { joinClaims, pickClaims } from '#prover/claims.ts'
import { reexecuteBatch } from '#prover/reexecuteBatch.ts'
import type { AggregationJob, BatchJob, Claims, FinalJob } from '#prover/types.ts'
import { buildSmallChain } from '../smallChain.ts'
import { AGGREGATOR, attestWork } from './harness.ts'

/** Jobs of every kind over the two batches of the small chain, and what they have to state. */
export type ProvenChain = {
  batches: [BatchJob, BatchJob]
  claims: [Claims, Claims]
  joined: Claims
  aggregation: AggregationJob
  final: FinalJob
}

export async function proveSmallChain(): Promise<ProvenChain> {
  const { batches } = await buildSmallChain()
  const claims: [Claims, Claims] = [await reexecuteBatch(batches[0].job), await reexecuteBatch(batches[1].job)]
  const joined = joinClaims(...claims)
  const { attest } = attestWork
  return {
    batches: [
      { jobId: 'batch-1', ...batches[0].job },
      { jobId: 'batch-2', ...batches[1].job },
    ],
    claims,
    joined: pickClaims(joined),
    aggregation: { jobId: 'run', proofs: [attest(claims[0]), attest(claims[1])], claims: joined },
    final: { jobId: 'final', proof: attest(joined), claims: joined, aggregator: AGGREGATOR },
  }
}
