import { describe, expect, test } from 'vitest'
import { loadVectors } from '../../test/vectors/load.ts'
import { batchesOf, loadTransitions, VectorChain } from '../testing/transitionVectors.ts'
import { type Counts, named } from './testing.ts'

type CounterVector = {
  id: string
  stateTransition: string
  virtualCounters: Counts
}

const KINDS = ['counters-fork9', 'counters-fork9-ethtests', 'counters-fork8', 'counters-fork7']

/** Runs on a thousand accounts. The reference counted it for the depth it found, and all others as for a shallow tree. */
const DEEP_TREES = new Set(['calldata/ooc_2'])

for (const kind of KINDS) {
  const vectors = loadVectors<CounterVector>(kind)?.vectors
  const transitions = new Map(
    [...new Set(vectors?.map(({ stateTransition }) => stateTransition))].flatMap((name) =>
      (loadTransitions(name) ?? []).map((vector) => [`${name} ${vector.id}`, vector] as const),
    ),
  )
  describe.skipIf(vectors === undefined)(kind, () => {
    test.for(vectors ?? [])(`${kind} $id`, async ({ id, stateTransition, virtualCounters }, { skip }) => {
      if (virtualCounters.sha256 === undefined) skip('the source holds a placeholder: the batch does not decode')
      const vector = transitions.get(`${stateTransition} ${id}`)
      if (vector === undefined) throw new Error(`${stateTransition} holds no batch ${id}`)
      const chain = await VectorChain.create(vector)
      const run = (treeDepth: number) =>
        chain.runOn(batchesOf(vector)[0]!, chain.reader, (run) => run.run(), { measure: 'estimate', treeDepth })
      const { counters } = await run(DEEP_TREES.has(id) ? (await run(0)).treeDepth : 0)
      expect(named(counters)).toEqual(virtualCounters)
    })
  })
}
