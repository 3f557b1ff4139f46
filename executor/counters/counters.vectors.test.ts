import { describe, expect, test } from 'vitest'
import type { ZkCounters } from '#protocol/counters.ts'
import { loadVectors } from '../../test/vectors/load.ts'
import { batchesOf, deepestNewLeaf, loadTransitions, VectorChain } from '../testing/transitionVectors.ts'

type CounterName = 'steps' | 'arith' | 'binary' | 'memAlign' | 'keccaks' | 'padding' | 'poseidon' | 'sha256'
/** Without sha256 in placeholders. */
type Counts = Record<Exclude<CounterName, 'sha256'>, number> & { sha256?: number }
type CounterVector = {
  id: string
  stateTransition: string
  virtualCounters: Counts
}

const KINDS = ['counters-fork9', 'counters-fork9-ethtests', 'counters-fork8', 'counters-fork7']

const named = (counters: ZkCounters): Counts => ({
  steps: counters.steps,
  arith: counters.arithmetics,
  binary: counters.binaries,
  memAlign: counters.memAligns,
  keccaks: counters.keccakHashes,
  padding: counters.poseidonPaddings,
  poseidon: counters.poseidonHashes,
  sha256: counters.sha256Hashes,
})

/** Runs on a thousand accounts: the reference starts over when it finds that the tree is deeper than it took it to be. */
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
      const run = async (treeDepth: number) =>
        (await VectorChain.create(vector)).run(batchesOf(vector)[0]!, { counterLimits: null, treeDepth })
      const depths = DEEP_TREES.has(id)
        ? (await run(0)).blocks.map(({ stateRoot, newNodes }) => deepestNewLeaf(stateRoot, newNodes))
        : []
      expect(named((await run(Math.max(0, ...depths))).counters)).toEqual(virtualCounters)
    })
  })
}
