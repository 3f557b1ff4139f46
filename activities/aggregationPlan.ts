/** A stored proof that was accepted; several may cover the same batches. */
export type AcceptedProof = { fromBatch: number; toBatch: number; proofId: string; forkId: number }
/** First and last batch. */
export type BatchRange = { fromBatch: number; toBatch: number }

type Situation = {
  /** The last batch that is verified, or whose verification is mined. */
  verified: number
  /** Of batches behind `verified`. */
  proofs: readonly AcceptedProof[]
  /** Last batches of the sequences on L1. */
  sequenceEnds: ReadonlySet<number>
  /** Joins under way. */
  running: readonly BatchRange[]
  /** Where the next verification ends: no join crosses it. */
  target?: number | undefined
}
type Limits = {
  /** A verification covers no more, where sequences allow; nor does a join. */
  maxBatches: number
  /** Proofs that one job joins. */
  proofsPerJob: number
  /** Joins at once. */
  maxJoins: number
}
export type AggregationPlan = {
  /** Joins to start now. */
  joins: AcceptedProof[][]
  /** The longest run behind `verified` that is covered by proofs and ends with a sequence. */
  run?: BatchRange
  /** The one that was given, unless the run does not reach it any more or no sequence ends there. */
  target?: number
  /** The one proof that covers the run up to `target`, or as a whole, when there is one. */
  whole?: AcceptedProof
}

/** A run of batches that one proof covers; without `proof` while that is being made. */
type Segment = BatchRange & { forkId: number; proof?: AcceptedProof }

/**
 * What to join, and what could be verified. Two neighbours are joined when both lie in one sequence, or when each spans
 * whole sequences: so what is joined can always end where a sequence ends, as a verification has to.
 */
export function planAggregation(situation: Situation, limits: Limits): AggregationPlan {
  const { target, verified } = situation
  const segments = cover(situation)
  const run = findRun(segments, situation, limits.maxBatches)
  const holds = (end: number) => end > verified && end <= (run?.toBatch ?? 0) && situation.sequenceEnds.has(end)
  if (target !== undefined && !holds(target)) return planAggregation({ ...situation, target: undefined }, limits)
  const [first] = segments
  const isWhole = run !== undefined && first?.toBatch === (target ?? run.toBatch)
  return {
    joins: findJoins(segments, situation, limits),
    ...(run && { run }),
    ...(target && { target }),
    ...(isWhole && first?.proof && { whole: first.proof }),
  }
}

/** The fewest proofs that cover what is covered, in order, with what is being joined as one. Gaps stay gaps. */
function cover({ verified, proofs, running, target = Number.POSITIVE_INFINITY }: Situation): Segment[] {
  const usable = proofs.filter(
    ({ fromBatch, toBatch }) =>
      (fromBatch > target || toBatch <= target) &&
      !running.some((join) => fromBatch <= join.toBatch && toBatch >= join.fromBatch),
  )
  const forkOf = new Map(proofs.map(({ fromBatch, forkId }) => [fromBatch, forkId]))
  const candidates: Segment[] = [
    ...usable.map((proof) => ({ ...rangeOf(proof), forkId: proof.forkId, proof })),
    ...running.map((join) => ({ ...rangeOf(join), forkId: forkOf.get(join.fromBatch) ?? 0 })),
  ]
  // The longest first among those that start together.
  candidates.sort((a, b) => a.fromBatch - b.fromBatch || b.toBatch - a.toBatch)
  const segments: Segment[] = []
  let end = verified
  for (const segment of candidates) {
    if (segment.fromBatch <= end) continue
    segments.push(segment)
    end = segment.toBatch
  }
  return segments
}

function findRun(
  segments: readonly Segment[],
  { verified, sequenceEnds }: Situation,
  maxBatches: number,
): BatchRange | undefined {
  let end = verified
  let toBatch: number | undefined
  for (const segment of segments) {
    if (segment.fromBatch !== end + 1 || segment.forkId !== segments[0]!.forkId) break
    end = segment.toBatch
    if (toBatch !== undefined && end > verified + maxBatches) break
    if (sequenceEnds.has(end)) toBatch = end
  }
  return toBatch === undefined ? undefined : { fromBatch: verified + 1, toBatch }
}

function findJoins(segments: readonly Segment[], situation: Situation, limits: Limits): AcceptedProof[][] {
  const joins: AcceptedProof[][] = []
  let group: AcceptedProof[] = []
  const close = () => {
    if (group.length > 1) joins.push(group)
    group = []
  }
  for (const { proof } of segments) {
    if (proof === undefined) {
      close()
      continue
    }
    const isFull = group.length === limits.proofsPerJob
    if (group.length > 0 && (isFull || !canJoin([...group, proof], situation, limits.maxBatches))) close()
    group.push(proof)
  }
  close()
  return joins.slice(0, Math.max(0, limits.maxJoins - situation.running.length))
}

/** Whether the last of them may be joined to those before it. */
function canJoin(proofs: readonly AcceptedProof[], situation: Situation, maxBatches: number): boolean {
  const { verified, sequenceEnds, target } = situation
  const [first, left, right] = [proofs[0]!, proofs.at(-2)!, proofs.at(-1)!]
  if (left.toBatch + 1 !== right.fromBatch || left.forkId !== right.forkId || left.toBatch === target) return false
  const isBoundary = (batch: number) => batch === verified || sequenceEnds.has(batch)
  const spansSequences = ({ fromBatch, toBatch }: BatchRange) => isBoundary(fromBatch - 1) && isBoundary(toBatch)
  const joined = { fromBatch: first.fromBatch, toBatch: right.toBatch }
  if (!hasBoundaryInside(joined, isBoundary)) return true
  const before = { fromBatch: first.fromBatch, toBatch: left.toBatch }
  return spansSequences(before) && spansSequences(right) && joined.toBatch - joined.fromBatch < maxBatches
}

/** Whether a sequence ends in it before its last batch. */
function hasBoundaryInside({ fromBatch, toBatch }: BatchRange, isBoundary: (batch: number) => boolean): boolean {
  for (let batch = fromBatch; batch < toBatch; batch++) if (isBoundary(batch)) return true
  return false
}

const rangeOf = ({ fromBatch, toBatch }: BatchRange): BatchRange => ({ fromBatch, toBatch })
