import { describe, expect, test } from 'vitest'
import type { ZkCounters } from '#protocol/counters.ts'
import { loadVectors } from '../../test/vectors/load.ts'
import { batchesOf, loadTransitions, VectorChain } from '../testing/transitionVectors.ts'

type CounterVector = {
  id: string
  stateTransition: string
  virtualCounters: Record<
    'steps' | 'arith' | 'binary' | 'memAlign' | 'keccaks' | 'padding' | 'poseidon' | 'sha256',
    number
  >
}

const KINDS = ['counters-fork9', 'counters-fork9-ethtests', 'counters-fork8', 'counters-fork7']

const named = (counters: ZkCounters): CounterVector['virtualCounters'] => ({
  steps: counters.steps,
  arith: counters.arithmetics,
  binary: counters.binaries,
  memAlign: counters.memAligns,
  keccaks: counters.keccakHashes,
  padding: counters.poseidonPaddings,
  poseidon: counters.poseidonHashes,
  sha256: counters.sha256Hashes,
})

for (const kind of KINDS) {
  const vectors = loadVectors<CounterVector>(kind)?.vectors
  const transitions = new Map(
    [...new Set(vectors?.map(({ stateTransition }) => stateTransition))].flatMap((name) =>
      (loadTransitions(name) ?? []).map((vector) => [`${name} ${vector.id}`, vector] as const),
    ),
  )
  describe.skipIf(vectors === undefined)(kind, () => {
    test.each(vectors ?? [])(`${kind} $id`, async ({ id, stateTransition, virtualCounters }) => {
      const vector = transitions.get(`${stateTransition} ${id}`)!
      const chain = await VectorChain.create(vector)
      const result = await chain.run(batchesOf(vector)[0]!, { counterLimits: null })
      expect(named(result.counters)).toEqual(virtualCounters)
    })
  })
}
