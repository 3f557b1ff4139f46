import { InvalidArgumentError } from 'commander'
import { AGGREGATOR_WORKFLOW_ID, type BatchRange, batchWorkflowId, joinedProofWorkflowId } from '#workflows/messages.ts'

/** A proof: of a batch, of a run of them, or the final one, which the aggregator has made. */
export type ProofTarget = BatchRange | 'final'

/** `7`: the proof of batch 7. `3-7`: the joined proof of batches 3 to 7. `final`. @throws {InvalidArgumentError} */
export function readTarget(text: string): ProofTarget {
  if (text === 'final') return text
  const [, from, to] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? []
  const range = { fromBatch: Number(from), toBatch: Number(to ?? from) }
  const isInOrder = to === undefined ? range.fromBatch > 0 : 0 < range.fromBatch && range.fromBatch < range.toBatch
  if (!isInOrder)
    throw new InvalidArgumentError('must be a batch such as 7, the first and the last such as 3-7, or final')
  return range
}

/** Who has the proof made. */
export function workflowOf(target: ProofTarget): string {
  if (target === 'final') return AGGREGATOR_WORKFLOW_ID
  return target.fromBatch === target.toBatch ? batchWorkflowId(target.fromBatch) : joinedProofWorkflowId(target)
}

/** The batches of a workflow that makes or verifies a proof, by its id. */
export function findRange(workflowId: string): BatchRange | undefined {
  const [, from, to] = /^(?:batch|proof|l1-verify)-(\d+)(?:-(\d+))?$/.exec(workflowId) ?? []
  return from === undefined ? undefined : { fromBatch: Number(from), toBatch: Number(to ?? from) }
}

export const nameRange = ({ fromBatch, toBatch }: BatchRange) =>
  fromBatch === toBatch ? `${fromBatch}` : `${fromBatch}-${toBatch}`
