import { InvalidArgumentError } from 'commander'
import { type BatchRange, batchWorkflowId, joinedProofWorkflowId } from '#workflows/messages.ts'

/** `7`: the proof of batch 7. `3-7`: the joined proof of batches 3 to 7. @throws {InvalidArgumentError} */
export function readRange(text: string): BatchRange {
  const [, from, to] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? []
  const range = { fromBatch: Number(from), toBatch: Number(to ?? from) }
  const isInOrder = to === undefined ? range.fromBatch > 0 : 0 < range.fromBatch && range.fromBatch < range.toBatch
  if (!isInOrder) throw new InvalidArgumentError('must be a batch such as 7, or the first and the last such as 3-7')
  return range
}

/** Who makes the proof of these batches. */
export const workflowOf = (range: BatchRange) =>
  range.fromBatch === range.toBatch ? batchWorkflowId(range.fromBatch) : joinedProofWorkflowId(range)

/** The batches of a workflow that makes or verifies a proof, by its id. */
export function findRange(workflowId: string): BatchRange | undefined {
  const [, from, to] = /^(?:batch|proof|l1-verify)-(\d+)(?:-(\d+))?$/.exec(workflowId) ?? []
  return from === undefined ? undefined : { fromBatch: Number(from), toBatch: Number(to ?? from) }
}

export const nameRange = ({ fromBatch, toBatch }: BatchRange) =>
  fromBatch === toBatch ? `${fromBatch}` : `${fromBatch}-${toBatch}`
