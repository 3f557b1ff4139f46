import * as wf from '@temporalio/workflow'
import type { ProvingActivities } from '#activities/proving.ts'
import { PROVE } from './retryPolicies.ts'

const prover = wf.proxyActivities<Pick<ProvingActivities, 'aggregateProofs'>>(PROVE)

/** A stored proof and the batches it covers. */
export type ProofRange = { fromBatch: number; toBatch: number; proofId: string }
/** Two or more, of neighbouring runs of batches, in order. */
export type Neighbours = readonly [ProofRange, ProofRange, ...ProofRange[]]
/** `left` and `right`: of workflows that earlier code started. */
export type ProofInput = { round: number } & ({ proofs: Neighbours } | { left: ProofRange; right: ProofRange })

/** Joins the proofs of neighbouring runs of batches into one. */
export async function proofWorkflow(input: ProofInput): Promise<ProofRange> {
  const proofs: Neighbours = 'proofs' in input ? input.proofs : [input.left, input.right]
  const [first, second, ...others] = proofs
  const { proofId: lastId, toBatch } = proofs.at(-1)!
  const range = { fromBatch: first.fromBatch, toBatch }
  const summary = `join ${first.proofId} ${others.length === 0 ? 'and' : 'to'} ${lastId}`
  const { proofId } = await prover.aggregateProofs.executeWithOptions({ summary }, [
    {
      ...range,
      proofIds: [first.proofId, second.proofId, ...others.map((other) => other.proofId)],
      round: input.round,
    },
  ])
  return { ...range, proofId }
}
