import { expect, test } from 'vitest'
import { type AcceptedProof, type AggregationPlan, planAggregation } from './aggregationPlan.ts'

const PAIRS = { maxBatches: 100, proofsPerJob: 2, maxJoins: 100 }
const NONE = { verified: 0, sequenceEnds: new Set<number>(), running: [] }

/** `3` or `3-5`, with `@12` for fork 12. */
function proof(text: string): AcceptedProof {
  const [range, fork] = text.split('@') as [string, string?]
  const [from, to = from] = range.split('-') as [string, string?]
  return { fromBatch: Number(from), toBatch: Number(to), proofId: range, forkId: Number(fork ?? 9) }
}
const proofs = (...texts: string[]) => texts.map(proof)
const joinsOf = ({ joins }: AggregationPlan) => joins.map((join) => join.map(({ proofId }) => proofId).join('+'))

test('neighbours of one sequence are joined before the sequence is whole', () => {
  const plan = planAggregation({ ...NONE, proofs: proofs('1', '2', '3', '5'), sequenceEnds: new Set([6]) }, PAIRS)
  expect(joinsOf(plan)).toEqual(['1+2'])
  expect(plan.run).toBeUndefined()
})

test('what begins or ends inside a sequence is not joined to another sequence', () => {
  const sequenceEnds = new Set([3, 6])
  expect(joinsOf(planAggregation({ ...NONE, proofs: proofs('3', '4'), sequenceEnds }, PAIRS))).toEqual([])
  expect(joinsOf(planAggregation({ ...NONE, proofs: proofs('2-3', '4-6'), sequenceEnds }, PAIRS))).toEqual([])
  expect(joinsOf(planAggregation({ ...NONE, proofs: proofs('1-3', '4-5'), sequenceEnds }, PAIRS))).toEqual([])
  expect(joinsOf(planAggregation({ ...NONE, proofs: proofs('1-3', '4-6'), sequenceEnds }, PAIRS))).toEqual(['1-3+4-6'])
})

test('one job takes as many neighbours as it may', () => {
  const sequenceEnds = new Set([1, 2, 3, 4, 5])
  const situation = { ...NONE, proofs: proofs('1', '2', '3', '4', '5'), sequenceEnds }
  expect(joinsOf(planAggregation(situation, { ...PAIRS, proofsPerJob: 3 }))).toEqual(['1+2+3', '4+5'])
  expect(joinsOf(planAggregation(situation, { ...PAIRS, proofsPerJob: 3, maxJoins: 1 }))).toEqual(['1+2+3'])
})

test('the longest proofs are used, and batches whose join is under way are left alone', () => {
  const sequenceEnds = new Set([8])
  const situation = { ...NONE, proofs: proofs('1', '2', '1-2', '3', '4', '5', '6', '7'), sequenceEnds }
  expect(joinsOf(planAggregation(situation, PAIRS))).toEqual(['1-2+3', '4+5', '6+7'])
  const running = [{ fromBatch: 3, toBatch: 5 }]
  expect(joinsOf(planAggregation({ ...situation, running }, PAIRS))).toEqual(['6+7'])
  expect(joinsOf(planAggregation({ ...situation, running }, { ...PAIRS, maxJoins: 1 }))).toEqual([])
})

test('a run starts behind what is verified, has no gap and ends with a sequence', () => {
  const sequenceEnds = new Set([2, 4, 7])
  const run = (...texts: string[]) => planAggregation({ ...NONE, proofs: proofs(...texts), sequenceEnds }, PAIRS).run
  expect(run('1', '2', '3', '4', '5')).toEqual({ fromBatch: 1, toBatch: 4 })
  expect(run('1', '2', '4')).toEqual({ fromBatch: 1, toBatch: 2 })
  expect(run('2', '3', '4')).toBeUndefined()
  expect(run('1')).toBeUndefined()
  const later = { ...NONE, verified: 2, proofs: proofs('3', '4'), sequenceEnds }
  expect(planAggregation(later, PAIRS).run).toEqual({ fromBatch: 3, toBatch: 4 })
})

test('a run is no longer than is allowed, but at least a sequence', () => {
  const limits = { ...PAIRS, maxBatches: 4 }
  const all = proofs('1', '2', '3', '4', '5', '6')
  const runOf = (ends: number[]) => planAggregation({ ...NONE, proofs: all, sequenceEnds: new Set(ends) }, limits).run
  expect(runOf([2, 3, 6])).toEqual({ fromBatch: 1, toBatch: 3 })
  expect(runOf([2, 4, 6])).toEqual({ fromBatch: 1, toBatch: 4 })
  expect(runOf([5, 6])).toEqual({ fromBatch: 1, toBatch: 5 })
  const halves = { ...NONE, proofs: proofs('1-3', '4-6'), sequenceEnds: new Set([3, 6]) }
  expect(joinsOf(planAggregation(halves, limits))).toEqual([])
})

test('neither run nor join crosses from fork to fork', () => {
  const sequenceEnds = new Set([1, 2, 3, 4])
  const plan = planAggregation({ ...NONE, proofs: proofs('1', '2', '3@12', '4@12'), sequenceEnds }, PAIRS)
  expect(plan.run).toEqual({ fromBatch: 1, toBatch: 2 })
  expect(joinsOf(plan)).toEqual(['1+2', '3+4'])
})

test('the whole run can be made final when one proof covers it, to the target and no further', () => {
  const sequenceEnds = new Set([2, 4, 6])
  const situation = { ...NONE, proofs: proofs('1-2', '3-4', '5-6'), sequenceEnds }
  expect(planAggregation(situation, PAIRS).whole).toBeUndefined()
  expect(planAggregation({ ...situation, target: 2 }, PAIRS).whole?.proofId).toBe('1-2')
  const towards4 = planAggregation({ ...situation, target: 4 }, PAIRS)
  expect(towards4.whole).toBeUndefined()
  expect(joinsOf(towards4)).toEqual(['1-2+3-4'])
  const joined = { ...situation, proofs: [...situation.proofs, ...proofs('1-4')], target: 4 }
  expect(planAggregation(joined, PAIRS).whole?.proofId).toBe('1-4')
  expect(joinsOf(planAggregation(joined, PAIRS))).toEqual([]) // 5-6 waits for what comes behind it
})

test('a target that is verified, or where no sequence ends any more, is none', () => {
  const situation = { ...NONE, proofs: proofs('3', '4'), verified: 2, sequenceEnds: new Set([2, 4]) }
  expect(planAggregation({ ...situation, target: 2 }, PAIRS).target).toBeUndefined()
  expect(planAggregation({ ...situation, target: 3 }, PAIRS).target).toBeUndefined()
  expect(planAggregation({ ...situation, target: 4 }, PAIRS).target).toBe(4)
  expect(planAggregation({ ...situation, proofs: proofs('3'), target: 4 }, PAIRS).target).toBeUndefined()
})

test('a proof that reaches over the target is put back for those that do not', () => {
  const sequenceEnds = new Set([2, 4])
  const situation = { ...NONE, proofs: proofs('1-4', '1', '2', '3', '4'), sequenceEnds, target: 2 }
  expect(joinsOf(planAggregation(situation, PAIRS))).toEqual(['1+2', '3+4'])
})

test('what is being joined counts as one and keeps the run waiting', () => {
  const sequenceEnds = new Set([2, 4])
  const running = [{ fromBatch: 1, toBatch: 2 }]
  const plan = planAggregation({ ...NONE, proofs: proofs('1', '2', '3', '4'), sequenceEnds, running }, PAIRS)
  expect(plan.run).toEqual({ fromBatch: 1, toBatch: 4 })
  expect(plan.whole).toBeUndefined()
  expect(joinsOf(plan)).toEqual(['3+4'])
})
