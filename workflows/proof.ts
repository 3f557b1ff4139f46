import * as wf from '@temporalio/workflow'
import type { ProvingActivities } from '#activities/proving.ts'
import { PROVE } from './retryPolicies.ts'

const prover = wf.proxyActivities<Pick<ProvingActivities, 'aggregateProofs'>>(PROVE)

/** A stored proof and the batches it covers. */
export type ProofRange = { fromBatch: number; toBatch: number; proofId: string }

/** Joins the proofs of two neighbouring runs of batches into one. */
export async function proofWorkflow({
  left,
  right,
  round,
}: {
  left: ProofRange
  right: ProofRange
  round: number
}): Promise<ProofRange> {
  const range = { fromBatch: left.fromBatch, toBatch: right.toBatch }
  const summary = `join ${left.proofId} and ${right.proofId}`
  const { proofId } = await prover.aggregateProofs.executeWithOptions({ summary }, [
    { ...range, proofIds: [left.proofId, right.proofId], round },
  ])
  return { ...range, proofId }
}
